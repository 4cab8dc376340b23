import type { SessionUser, UserDocument } from '../../machines/session.types.ts'

const TEXTS = ['email', 'name', 'username', 'role', 'avatar', 'tenantId'] as const

/** The whole document of a user, under the backend's `id` of the user; `undefined` if there is none. */
export function documentOf(value: unknown): UserDocument | undefined {
  // Copying a document with this name would set a prototype.
  const { ['__proto__']: _, ...document } = (value ?? {}) as Record<string, unknown>
  const id = document.id === '' ? document._id : (document.id ?? document._id)
  return id && typeof id === 'string' ? { ...document, id } : undefined
}

/**
 * Copies the known fields of a user document into a new object; `undefined` if there is no id. A field for display that
 * is no text, or empty, is left out, because it must not cost a session.
 */
export function readUser(value: unknown): SessionUser | undefined {
  const document = documentOf(value)
  if (!document) return undefined
  // The id always comes first, because texts are compared to find a changed profile.
  const user: Record<string, string> & { id: string } = { id: document.id }
  for (const key of TEXTS) {
    const text = document[key]
    if (text && typeof text === 'string') user[key] = text
  }
  return user
}
