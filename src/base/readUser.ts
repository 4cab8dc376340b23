import type { SessionUser, UserDocument } from '../../machines/session.types.ts'

const TEXTS = ['email', 'name', 'username', 'role', 'avatar', 'tenantId'] as const

/** The whole document of a user under the `id` that the backend knows the user by; `undefined` where there is none. */
export function documentOf(value: unknown): UserDocument | undefined {
  // A name that whoever copies the document would set a prototype by.
  const { ['__proto__']: _, ...document } = (value ?? {}) as Record<string, unknown>
  const id = document.id === '' ? document._id : (document.id ?? document._id)
  return id && typeof id === 'string' ? { ...document, id } : undefined
}

/**
 * Picks the known fields of a user document into a fresh object; `undefined` where there is no id. A field that is for
 * display and is no text, or empty, is left out: it must not cost a session.
 */
export function readUser(value: unknown): SessionUser | undefined {
  const document = documentOf(value)
  if (!document) return undefined
  // The id first, always: whether a profile has changed is seen by its text.
  const user: Record<string, string> & { id: string } = { id: document.id }
  for (const key of TEXTS) {
    const text = document[key]
    if (text && typeof text === 'string') user[key] = text
  }
  return user
}
