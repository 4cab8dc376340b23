import { createHash, randomBytes } from 'node:crypto'
import type { User } from './users.ts'

/** A sign-in on its way through the provider. */
export interface PendingLogin {
  readonly codeVerifier: string
  readonly nonce: string
  /** The panel's own challenge; a missing or malformed one is dropped without a word. */
  readonly challenge: string | undefined
  readonly expiresAt: number
}

/** What a one-time code stands for. Token and expiry are fixed when the code is made, not at the exchange. */
export interface PendingExchange {
  readonly user: User
  readonly token: string
  readonly tokenExpiresAt: number
  readonly refreshToken: string | undefined
  readonly origin: string
  readonly challenge: string | undefined
  readonly expiresAt: number
}

export interface SsoFlows {
  begin(login: Omit<PendingLogin, 'expiresAt'>): string
  takeLogin(state: string): PendingLogin | undefined
  issueCode(exchange: Omit<PendingExchange, 'expiresAt'>): string
  /** The code is gone after this, whatever the checks say. */
  redeem(code: string, origin: string | undefined, verifier: string | undefined): PendingExchange | undefined
}

const loginLifeMs = 5 * 60_000
const codeLifeMs = 30_000

export function createSsoFlows(now: () => number): SsoFlows {
  const logins = new Map<string, PendingLogin>()
  const codes = new Map<string, PendingExchange>()

  function take<Entry extends { readonly expiresAt: number }>(
    map: Map<string, Entry>,
    key: string,
  ): Entry | undefined {
    const entry = map.get(key)
    map.delete(key)
    return entry && entry.expiresAt > now() ? entry : undefined
  }

  return {
    begin(login) {
      const state = randomBytes(32).toString('hex')
      logins.set(state, { ...login, expiresAt: now() + loginLifeMs })
      return state
    },
    takeLogin: (state) => take(logins, state),
    issueCode(exchange) {
      const code = randomBytes(32).toString('hex')
      codes.set(code, { ...exchange, expiresAt: now() + codeLifeMs })
      return code
    },
    redeem(code, origin, verifier) {
      const exchange = take(codes, code)
      if (!exchange || origin !== exchange.origin) return undefined
      if (exchange.challenge === undefined) return exchange
      const proof = verifier && createHash('sha256').update(verifier).digest('hex')
      return proof === exchange.challenge ? exchange : undefined
    },
  }
}
