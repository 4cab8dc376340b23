import type { UserDocument, UserIdentity } from '../../machines/session.types.ts'
import { Misconfigured } from '../base/errors.ts'
import type { ServerSettings } from './readServerOptions.ts'

/**
 * The user of a record, by the schema of the option `user`. A release with a narrower schema logs nobody out: if the
 * user does not match, `rest` is shown, and the session's next refresh reports this.
 */
export function shownUserOf(
  { users }: Pick<ServerSettings, 'users'>,
  document: UserDocument,
  rest: (document: UserDocument) => UserIdentity | undefined,
): UserIdentity | undefined {
  // The receiver may change it, and the remembered record must stay as it is.
  const own = structuredClone(document)
  try {
    return users.read(own)
  } catch (error) {
    if (error instanceof Misconfigured) throw error
    return rest(own)
  }
}
