import type { GatewayAnswer } from '../testing/gatewayAnswers.ts'
import { fingerprint, mintToken, readToken } from './tokens.ts'
import { type MockUser, subjectOf } from './users.ts'

/** Change any of them at any time: what is issued from then on follows. */
export interface MockSettings {
  /** Life of a bearer; milliseconds. Default 15 minutes. */
  bearerLifeMs: number
  /** Life of a login, which no refresh prolongs; milliseconds. Default 7 days. */
  refreshLifeMs: number
  /** Whether a refresh replaces the refresh token, but for Google, which never does. Default true. */
  rotate: boolean
  /** `false`: the OpenID refresh answers 403 `TOKEN_REUSE_DISABLED`, and logins bring no refresh token. */
  reuseTokens: boolean
  /** `false`: single sign-on is not set up (`OPENID_NOT_CONFIGURED`). */
  openid: boolean
  /** `false`: the login with Google is not set up (`GOOGLE_NOT_CONFIGURED`). */
  google: boolean
  /**
   * What stands in front of the backend. `open`: every request reaches it. `gone`: a network error. Anything else: a
   * gateway answers so in its place, as during a restart, and the backend sees nothing of it. Default `open`.
   */
  gateway: 'open' | 'gone' | GatewayAnswer
}

interface Grant {
  readonly login: number
  readonly userId: string
  readonly subject: string
  readonly provider: MockUser['provider']
  readonly endsAt: number
  status: 'active' | 'consumed' | 'revoked'
}

interface Row {
  readonly id: string
  readonly userId: string
  readonly endsAt: number
  /** Fingerprint of the only token that is valid. */
  current: string
}

interface Code {
  readonly userId: string
  readonly endsAt: number
  readonly challenge: string | undefined
  readonly origin: string | undefined
}

export type Credentials = ReturnType<typeof createCredentials>

const LOCAL_SECRET = 'refresh'
const CODE_LIFE_MS = 30_000

/** Everything that the backend and its identity provider have issued, and whether it is still good. */
export function createCredentials(settings: MockSettings, now: () => number) {
  const grants = new Map<string, Grant>()
  const rows = new Map<string, Row>()
  const codes = new Map<string, Code>()
  let count = 0
  let bearerKey = 0

  const seconds = (ms: number) => Math.floor(ms / 1_000)
  const isOver = (claims: Record<string, unknown>) => Number(claims.exp) * 1_000 <= now()

  function grant(of: Omit<Grant, 'status'>): string {
    const token = `mock-openid-refresh-${++count}`
    grants.set(token, { ...of, status: 'active' })
    return token
  }

  // As LibreChat signs them: two within one second are identical.
  function localToken({ id, userId, endsAt }: Omit<Row, 'current'>): string {
    return mintToken({ id: userId, sessionId: id, iat: seconds(now()), exp: seconds(endsAt) }, LOCAL_SECRET)
  }

  return {
    bearer({ id, email, name, provider }: MockUser): string {
      const iat = seconds(now())
      const exp = seconds(now() + settings.bearerLifeMs)
      return mintToken({ id, username: name, provider, email, iat, exp }, `bearer ${bearerKey}`)
    },
    /** The id of the user, or why not. */
    readBearer(token: string): { readonly userId: unknown } | 'jwt expired' | 'invalid signature' {
      const claims = readToken(token, `bearer ${bearerKey}`)
      if (!claims) return 'invalid signature'
      return isOver(claims) ? 'jwt expired' : { userId: claims.id }
    },
    /** As if the signing secret had been replaced. */
    expireBearers() {
      bearerKey += 1
    },

    openLocal(user: MockUser): { readonly token: string; readonly endsAt: number } {
      const row = { id: `session-${++count}`, userId: user.id, endsAt: now() + settings.refreshLifeMs }
      const token = localToken(row)
      rows.set(row.id, { ...row, current: fingerprint(token) })
      return { token, endsAt: row.endsAt }
    },
    /** The claims of a local refresh token; `undefined`: not ours, or its time is over. */
    readLocal(token: string): { readonly userId: unknown; readonly sessionId: string } | undefined {
      const claims = readToken(token, LOCAL_SECRET)
      if (!claims || isOver(claims)) return undefined
      return { userId: claims.id, sessionId: String(claims.sessionId) }
    },
    /** The next token of the row; `undefined`: the row is gone, or this token was replaced. */
    renewLocal(
      sessionId: string,
      token: string,
    ): { readonly token: string; readonly endsAt: number } | undefined {
      const row = rows.get(sessionId)
      if (row?.current !== fingerprint(token)) return undefined
      const next = settings.rotate ? localToken(row) : token
      row.current = fingerprint(next)
      return { token: next, endsAt: row.endsAt }
    },
    /** Without a session id it ends any one session of the user, as LibreChat does. */
    closeLocal(userId: string, sessionId: string | undefined) {
      const row = [...rows.values()].find(
        (row) => row.userId === userId && (row.id === sessionId || !sessionId),
      )
      if (row) rows.delete(row.id)
    },

    openGrant(user: MockUser): string {
      return grant({
        login: ++count,
        userId: user.id,
        subject: subjectOf(user),
        provider: user.provider,
        endsAt: now() + settings.refreshLifeMs,
      })
    },
    /** Spends a token at its identity provider. A second use ends every token of the login. */
    renewGrant(
      token: string,
      provider: MockUser['provider'],
    ): { readonly token: string; readonly subject: string } | undefined {
      const spent = grants.get(token)
      // Of another provider's token an identity provider knows nothing.
      if (spent?.provider !== provider) return undefined
      if (spent?.status === 'consumed') {
        for (const other of grants.values()) if (other.login === spent.login) other.status = 'revoked'
      }
      if (spent?.status !== 'active' || spent.endsAt <= now()) return undefined
      if (!settings.rotate || provider === 'google') return { token, subject: spent.subject }
      spent.status = 'consumed'
      return { token: grant(spent), subject: spent.subject }
    },

    issueCode(code: Omit<Code, 'endsAt'>): string {
      const text = fingerprint(`code ${++count}`).repeat(4)
      codes.set(text, { ...code, endsAt: now() + CODE_LIFE_MS })
      return text
    },
    /** Once, whatever comes of it. */
    takeCode(text: string): Code | undefined {
      const code = codes.get(text)
      codes.delete(text)
      return code && code.endsAt > now() ? code : undefined
    },

    /** Ends every refresh token of a user, or of everybody. Bearers live on. */
    revoke(user: MockUser | undefined) {
      for (const row of rows.values()) if (!user || row.userId === user.id) rows.delete(row.id)
      for (const other of grants.values()) if (!user || other.userId === user.id) other.status = 'revoked'
    },
    /** Forgets everything. Counters go on, so that nothing issued before becomes good again. */
    clear() {
      for (const issued of [grants, rows, codes]) issued.clear()
      bearerKey += 1
    },
  }
}
