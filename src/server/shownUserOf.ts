import type { UserDocument, UserIdentity } from '../../machines/session.types.ts'
import { Misconfigured } from '../base/errors.ts'
import type { ServerSettings } from './readServerOptions.ts'

/**
 * The user of a record, by the schema of the option `user`. A release that has narrowed the schema logs nobody out: of a
 * user that misfits it is `rest` what is shown, and the session's next refresh tells of that.
 */
export function shownUserOf(
  { users }: Pick<ServerSettings, 'users'>,
  document: UserDocument,
  rest: (document: UserDocument) => UserIdentity | undefined,
): UserIdentity | undefined {
  // Whoever gets it may change it: what is remembered of the record stays as it is.
  const own = structuredClone(document)
  try {
    return users.read(own)
  } catch (error) {
    if (error instanceof Misconfigured) throw error
    return rest(own)
  }
}
