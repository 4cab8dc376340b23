import type { UserDocument, UserIdentity } from '../../machines/session.types.ts'
import { Misconfigured } from '../base/errors.ts'
import type { ServerSettings } from './readServerOptions.ts'

/**
 * The user of a record, by the schema of the option `user`. A release that has narrowed the schema logs nobody out: what
 * misfits is shown as the record has it, and the session's next refresh tells of it.
 */
export function shownUserOf({ users }: Pick<ServerSettings, 'users'>, document: UserDocument): UserIdentity {
  try {
    return users.read(document)
  } catch (error) {
    if (error instanceof Misconfigured) throw error
    return document
  }
}
