import type { UserDocument, UserIdentity } from '../../machines/session.types.ts'
import type { UserReader } from './userReader.ts'

/** A user as it was stored, and as the session shows it. */
export interface Shown {
  readonly document: UserDocument
  readonly user: UserIdentity
}

/**
 * The user that a session shows: the same object for the same document. A document that does not match the schema, for
 * example after a release with a narrower schema, ends no session: `warn` is called, and the user of `last` stays.
 * Without a last user the document is shown as it was stored.
 */
export function shownUser(
  { read }: UserReader,
  document: UserDocument,
  last: Shown | undefined,
  warn: () => void,
): Shown {
  if (last && JSON.stringify(document) === JSON.stringify(last.document)) return last
  let user = last?.user
  try {
    user = read(document)
  } catch {
    if (user?.id !== document.id) user = document
    warn()
  }
  return { document, user }
}
