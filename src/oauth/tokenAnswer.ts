import { expiresInOf } from '../wire/expiresIn.ts'

/** The members of a token answer (RFC 6749 section 5.1) that a session uses. */
export interface TokenAnswer {
  /** A bearer; absent: there is no usable one. */
  readonly access_token?: string
  readonly refresh_token?: string
  readonly id_token?: string
  /** Seconds. */
  readonly expires_in?: number
  /** A member had another type than agreed, and was left out. */
  readonly isOdd: boolean
}

/** Token types that are not sent as a bearer. */
const otherTypes = /^(dpop|pop|mac|n_a)$/i

/**
 * Reads a token answer as servers write it: an absent member as `null`, an empty text or nothing, `expires_in` as a
 * text, `scope` as a list, and `token_type` in any spelling (`BearerToken`) or absent. The answer has spent the refresh
 * token. So unusable members are left out, and the rest is used.
 */
export function tokenAnswerOf(body: unknown): TokenAnswer {
  const found = (typeof body === 'object' && body !== null ? body : {}) as Record<string, unknown>
  let isOdd = Array.isArray(body)
  const text = (name: string): Record<string, string> => {
    const value = found[name]
    if (value !== undefined && value !== null && typeof value !== 'string') isOdd = true
    return typeof value === 'string' && value ? { [name]: value } : {}
  }
  const life = expiresInOf(found.expires_in)
  const isBearer = !otherTypes.test(String(found.token_type).trim())
  if (!isBearer) isOdd = true
  return {
    ...(isBearer && text('access_token')),
    ...text('refresh_token'),
    ...text('id_token'),
    ...(typeof life === 'number' && life >= 0 && { expires_in: life }),
    isOdd,
  }
}
