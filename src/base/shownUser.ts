import type { UserDocument, UserIdentity } from '../../machines/session.types.ts'
import type { UserReader } from './userReader.ts'

/**
 * The user that a session shows: the same object for the same document. A document that does not match the schema, for
 * example after a release with a narrower schema, ends no session: `warn` is called, and the last user stays. Without a
 * last user the document is shown as it was stored.
 */
export function shownUser({ read }: UserReader, warn: () => void) {
  let text: string | undefined
  let user: UserIdentity | undefined
  return (document: UserDocument): UserIdentity => {
    const next = JSON.stringify(document)
    if (!user || next !== text) {
      text = next
      try {
        user = read(document)
      } catch {
        if (user?.id !== document.id) user = document
        warn()
      }
    }
    return user
  }
}
