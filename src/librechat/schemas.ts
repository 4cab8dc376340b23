import * as z from 'zod/mini'

const text = z.nullish(z.string())
// A field for display with the wrong type must not cost a session.
const display = z.catch(text, undefined)

/**
 * A user as LibreChat sends it. Unknown keys are dropped, a field for display of the wrong type counts as absent.
 *
 * @example
 * ```ts
 * const { email } = userSchema.parse(await response.json())
 * ```
 */
export const userSchema = z.object({
  /** The backend's id of the user. */
  id: text,
  /** The same id in a document of MongoDB. */
  _id: text,
  email: display,
  name: display,
  username: display,
  role: display,
  avatar: display,
  tenantId: display,
})

/**
 * The answer of both refresh routes, `POST /api/admin/oauth/refresh` and `POST /api/auth/refresh`, as a session reads
 * it. Tokens and hints of the wrong type are judged one by one, so this checks only the document and the user's ids.
 *
 * @example
 * ```ts
 * http.post('/api/admin/oauth/refresh', () =>
 *   HttpResponse.json(refreshAnswerSchema.parse({ token: 'B2', refreshToken: 'R2', user: { id: 'ada' } })),
 * )
 * ```
 */
export const refreshAnswerSchema = z.object({
  token: z.optional(z.unknown()),
  refreshToken: z.optional(z.unknown()),
  user: z.nullish(userSchema),
  /** An instant; milliseconds since the Unix epoch. */
  expiresAt: z.optional(z.unknown()),
  /** Seconds from now (RFC 6749 section 5.1). */
  expires_in: z.optional(z.unknown()),
  twoFASetupRequired: z.optional(z.unknown()),
})

/**
 * The answer of a login with a password, and of the exchange of a code: the input of `session.login`.
 *
 * @example
 * ```ts
 * session.login(loginAnswerSchema.parse(await response.json()), { provider: 'openid' })
 * ```
 */
export const loginAnswerSchema = z.object({
  /** The bearer: visible ASCII, at most 16 KiB. */
  token: z.string().check(z.regex(/^[\x21-\x7e]{1,16384}$/)),
  refreshToken: text,
  user: userSchema.check(
    z.refine(({ id, _id }) => Boolean(id || _id), { error: 'A user has an "id" or an "_id".' }),
  ),
  expiresAt: z.optional(z.unknown()),
})

/**
 * An error of `POST /api/admin/oauth/refresh`.
 *
 * @example
 * ```ts
 * HttpResponse.json(refreshErrorSchema.parse({ error_code: 'REFRESH_FAILED' }), { status: 401 })
 * ```
 */
export const refreshErrorSchema = z.object({
  error: z.optional(z.string()),
  error_code: z.string(),
})
