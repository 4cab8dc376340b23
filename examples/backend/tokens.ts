import { randomBytes } from 'node:crypto'
import { decodeJwt, errors, jwtVerify, SignJWT } from 'jose'
import type { User } from './users.ts'

export interface RefreshClaims {
  readonly userId: string
  readonly sessionId: string
}

export interface Tokens {
  /** Two bearers of one user, signed within one second for one lifetime, are identical. */
  signBearer(user: User, lifeMs: number): Promise<string>
  /** Throws with the reason as message. */
  verifyBearer(token: string): Promise<{ userId: string; issuedAt: number }>
  /** No random part: two signed within one second for one session are identical. */
  signRefresh(claims: RefreshClaims, expiresAt: number): Promise<string>
  verifyRefresh(token: string): Promise<RefreshClaims>
  signTemporary(user: User): Promise<string>
  verifyTemporary(token: string): Promise<string>
  /** As if `JWT_SECRET` had been changed, for one user or for all. */
  invalidateBearers(userId?: string): void
}

const encoder = new TextEncoder()
const temporaryLifeMs = 5 * 60_000

export function createTokens(now: () => number): Tokens {
  const accessSecret = randomBytes(32).toString('hex')
  const refreshKey = encoder.encode(randomBytes(32).toString('hex'))
  const temporaryKey = encoder.encode(randomBytes(32).toString('hex'))
  const generations = new Map<string, number>()
  let generation = 0

  const accessKey = (userId: string): Uint8Array =>
    encoder.encode(`${accessSecret}.${generation}.${generations.get(userId) ?? 0}`)

  function sign(claims: Record<string, unknown>, expiresAtSeconds: number, key: Uint8Array): Promise<string> {
    return new SignJWT(claims)
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
      .setIssuedAt(Math.floor(now() / 1000))
      .setExpirationTime(expiresAtSeconds)
      .sign(key)
  }

  const verify = (token: string, key: Uint8Array) =>
    jwtVerify(token, key, { algorithms: ['HS256'], clockTolerance: 0, currentDate: new Date(now()) })

  return {
    signBearer: (user, lifeMs) =>
      sign(
        { id: user.id, username: user.username, provider: user.provider, email: user.email },
        Math.floor(Math.floor(now() / 1000) + lifeMs / 1000),
        accessKey(user.id),
      ),
    async verifyBearer(token) {
      try {
        const userId = String(decodeJwt(token).id)
        const { payload } = await verify(token, accessKey(userId))
        return { userId, issuedAt: (payload.iat ?? 0) * 1000 }
      } catch (error) {
        if (error instanceof errors.JWTExpired) throw new Error('jwt expired')
        if (error instanceof errors.JWSSignatureVerificationFailed) throw new Error('invalid signature')
        throw new Error('jwt malformed')
      }
    },
    signRefresh: ({ userId, sessionId }, expiresAt) =>
      sign({ id: userId, sessionId }, Math.floor(expiresAt / 1000), refreshKey),
    async verifyRefresh(token) {
      const { payload } = await verify(token, refreshKey)
      return { userId: String(payload.id), sessionId: String(payload.sessionId) }
    },
    signTemporary: (user) =>
      sign({ userId: user.id }, Math.floor((now() + temporaryLifeMs) / 1000), temporaryKey),
    async verifyTemporary(token) {
      const { payload } = await verify(token, temporaryKey)
      return String(payload.userId)
    },
    invalidateBearers(userId) {
      if (userId === undefined) generation += 1
      else generations.set(userId, (generations.get(userId) ?? 0) + 1)
    },
  }
}
