import * as z from 'zod/mini'
import type { SessionUser } from '../../machines/session.types.ts'

const text = z.nullish(z.string())
// A cosmetic field of the wrong type must not cost a session whose token was rotated already.
const cosmetic = z.catch(text, undefined)

export const userSchema = z.object({
  id: text,
  _id: text,
  email: cosmetic,
  name: cosmetic,
  username: cosmetic,
  role: cosmetic,
  avatar: cosmetic,
  tenantId: cosmetic,
})

/** The answer of a refresh, both routes. Unknown keys are dropped; nothing is coerced. */
export const answerSchema = z.object({
  token: z.optional(z.unknown()),
  refreshToken: z.optional(z.unknown()),
  user: z.nullish(userSchema),
  expiresAt: z.optional(z.unknown()),
  expires_in: z.optional(z.unknown()),
  twoFASetupRequired: z.optional(z.unknown()),
})

/** Picks the known keys into a fresh object; `undefined` for a document without an id. */
export function toUser(document: z.infer<typeof userSchema> | null | undefined): SessionUser | undefined {
  const id = document?.id || document?._id
  if (!document || !id) return undefined
  const found: Record<string, string> = {}
  for (const key of ['email', 'name', 'username', 'role', 'avatar', 'tenantId'] as const) {
    const value = document[key]
    if (value) found[key] = value
  }
  return { ...found, id }
}
