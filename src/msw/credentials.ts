import type { GatewayAnswer } from '../testing/gatewayAnswers.ts'
import { fingerprint, mintToken, readToken } from './tokens.ts'
import { type MockUser, subjectOf } from './users.ts'

/** The settings of the backend. You can change them at any time; they hold for everything that it issues afterwards. */
export interface MockSettings {
  /** The life of a bearer; milliseconds. Default 15 minutes. */
  bearerLifeMs: number
  /** The life of a login; milliseconds. A refresh does not prolong it. Default 7 days. */
  refreshLifeMs: number
  /** Whether a refresh replaces the refresh token. Google never replaces it. Default true. */
  rotate: boolean
  /** `false`: the OpenID refresh answers 403 `TOKEN_REUSE_DISABLED`, and logins bring no refresh token. */
  reuseTokens: boolean
  /** `false`: single sign-on is not set up (`OPENID_NOT_CONFIGURED`). */
  openid: boolean
  /** `false`: the login with Google is not set up (`GOOGLE_NOT_CONFIGURED`). */
  google: boolean
  /**
   * The gateway in front of the backend. `open`: every request reaches the backend. `gone`: a network error. Any other
   * value: the gateway gives this answer itself, as during a restart, and the backend sees no request. Default `open`.
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
  /** The fingerprint of the only valid token. */
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

/** All tokens of the backend and its identity provider, and whether they are still valid. */
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

  // LibreChat's signature has whole seconds, so two bearers of the same second are identical.
  function localToken({ id, userId, endsAt }: Omit<Row, 'current'>): string {
    return mintToken({ id: userId, sessionId: id, iat: seconds(now()), exp: seconds(endsAt) }, LOCAL_SECRET)
  }

  return {
    bearer({ id, email, name, provider }: MockUser): string {
      const iat = seconds(now())
      const exp = seconds(now() + settings.bearerLifeMs)
      return mintToken({ id, username: name, provider, email, iat, exp }, `bearer ${bearerKey}`)
    },
    /** The id of the user, or the reason why there is none. */
    readBearer(token: string): { readonly userId: unknown } | 'jwt expired' | 'invalid signature' {
      const claims = readToken(token, `bearer ${bearerKey}`)
      if (!claims) return 'invalid signature'
      return isOver(claims) ? 'jwt expired' : { userId: claims.id }
    },
    /** Makes all bearers invalid, as a new signing secret would. */
    expireBearers() {
      bearerKey += 1
    },

    openLocal(user: MockUser): { readonly token: string; readonly endsAt: number } {
      const row = { id: `session-${++count}`, userId: user.id, endsAt: now() + settings.refreshLifeMs }
      const token = localToken(row)
      rows.set(row.id, { ...row, current: fingerprint(token) })
      return { token, endsAt: row.endsAt }
    },
    /** The claims of a local refresh token; `undefined`: it is not ours, or it has expired. */
    readLocal(token: string): { readonly userId: unknown; readonly sessionId: string } | undefined {
      const claims = readToken(token, LOCAL_SECRET)
      if (!claims || isOver(claims)) return undefined
      return { userId: claims.id, sessionId: String(claims.sessionId) }
    },
    /** Issues the next token of the row; `undefined`: there is no row, or this token was replaced. */
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
    /** Ends a session. Without a session id it ends any one session of the user, as LibreChat does. */
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
      // An identity provider does not know the tokens of another one.
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
    /** Spends a code. It is good for one use, even if that use fails. */
    takeCode(text: string): Code | undefined {
      const code = codes.get(text)
      codes.delete(text)
      return code && code.endsAt > now() ? code : undefined
    },

    /** Ends every refresh token of a user, or of all users. Bearers stay valid. */
    revoke(user: MockUser | undefined) {
      for (const row of rows.values()) if (!user || row.userId === user.id) rows.delete(row.id)
      for (const other of grants.values()) if (!user || other.userId === user.id) other.status = 'revoked'
    },
    /** Forgets everything. The counters continue, so that no earlier token becomes valid again. */
    clear() {
      for (const issued of [grants, rows, codes]) issued.clear()
      bearerKey += 1
    },
  }
}
