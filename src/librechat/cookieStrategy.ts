import { isDevelopment } from '#development'
import type { ResendPolicy } from '../../machines/session.types.ts'
import { Misconfigured } from '../base/errors.ts'
import { jwtClaims } from '../base/jwtClaims.ts'
import { resendOf } from '../base/resend.ts'
import type { RefreshOutcome, SessionStrategy, Warning } from '../session/strategy.ts'
import { setCookieOf } from '../wire/cookies.ts'
import { outcomeOf } from '../wire/outcome.ts'
import { request } from '../wire/request.ts'
import type { WireAnswer } from '../wire/wireAnswer.ts'
import { logoutAtBackend } from './logout.ts'
import { renewalOf } from './renewal.ts'
import { cookieWords, spoken } from './words.ts'

/** Where the refresh cookie is kept, and how answers are judged. */
export interface CookieStrategyOptions {
  /**
   * Leaves the refresh token in the browser's cookie jar, on the backend's own origin; the session never sees it.
   * Otherwise (a server) the session keeps it and sends it as `Cookie: refreshToken=…`. @default false
   */
  readonly browserCookies?: boolean
  /** The path to which the backend redirects an unknown user, on its own origin. @default '/login' */
  readonly loginPath?: string
  /** As `OpenidStrategyOptions.resend`. @default 'afterBearerEnds' */
  readonly resend?: ResendPolicy
  /** As `OpenidStrategyOptions.trust503`. @default false */
  readonly trust503?: boolean
  /** As `OpenidStrategyOptions.trust404`. @default false */
  readonly trust404?: boolean
}

// No control character, no `;`, no blank at either end: the backend gets the value unchanged.
const cookieValue = /^(?! )[\x20-\x3a\x3c-\x7e\x80-\xff]+(?<! )$/

/**
 * Renews a session of LibreChat's admin panel that was opened with e-mail and password:
 * `POST {baseUrl}api/auth/refresh`. The backend tells no expiry, and rotates the refresh token in `Set-Cookie`.
 *
 * Logout names the session by its refresh cookie; without one nothing is sent, since the backend would then
 * end any one of the user's sessions. A late result from a cookie jar is not revoked, because the jar may hold the
 * cookie of the next login by then. If another user has logged in in the same browser, a renewal brings that user's
 * bearer, and the session ends. A browser hides the target of a redirect, so there the redirect for a deleted user proves
 * nothing.
 *
 * @throws Misconfigured for options that cannot work.
 *
 * @example
 * const session = createSession({ baseUrl: 'https://chat.example.com', strategies: { librechat: cookieStrategy() } })
 */
export function cookieStrategy(options: CookieStrategyOptions = {}): SessionStrategy {
  const { browserCookies: jar = false, loginPath = '/login', resend, trust404, trust503 } = options
  if (isDevelopment && !/^\/(?![/\\])\S*$/.test(loginPath))
    throw new Misconfigured('cookieStrategy: `loginPath` must be a path of the backend, such as /login.')
  const words = cookieWords(loginPath)
  const credentials = jar ? 'include' : 'omit'
  const cookieOf = (token = '') => (jar || !cookieValue.test(token) ? undefined : `refreshToken=${token}`)
  const said = (answer: WireAnswer, baseUrl: string) =>
    answer.status === 302 && !leadsTo(loginPath, answer.headers.get('location'), baseUrl)
      ? undefined
      : spoken(words, answer)

  return {
    kind: 'cookie',
    needsRefreshToken: !jar,
    ...resendOf('cookieStrategy', resend),
    async refresh({ baseUrl, refreshToken, userId, attemptId, signal, fetch }) {
      const cookie = cookieOf(refreshToken)
      if (!jar && !cookie) return { kind: 'rejected', reason: 'missingCredential' }
      const result = await request({
        url: `${baseUrl}api/auth/refresh`,
        method: 'POST',
        headers: {
          // The text tells Express's redirect from a gateway's.
          accept: 'application/json, text/plain',
          'x-refresh-attempt-id': attemptId,
          ...(cookie ? { cookie } : {}),
        },
        signal,
        fetch,
        credentials,
      })
      return outcomeOf(result, {
        ok: jar ? (body, answer) => ofSameUser(renewalOf(body, answer, {}), userId) : rotated,
        own: (answer) => said(answer, baseUrl),
        trust404,
        trust503,
      })
    },
    async revoke({ baseUrl, bearer, refreshToken, signal, fetch, cause }) {
      const cookie = cookieOf(refreshToken)
      const named = jar ? cause === 'logout' : cookie !== undefined
      if (!bearer || !named) return false
      return logoutAtBackend({ baseUrl, bearer, cookie, signal, fetch, credentials })
    },
  }
}

/**
 * A jar holds the cookie of the last login. If an answer does not name its user, its bearer may: by the claim `id`
 * (unverified; it only shows that this session may not use the bearer).
 */
function ofSameUser(outcome: RefreshOutcome, userId: string): RefreshOutcome {
  if (outcome.kind !== 'ok' || outcome.user || !outcome.bearer) return outcome
  const { id } = jwtClaims(outcome.bearer)
  return typeof id !== 'string' || id === userId
    ? outcome
    : { kind: 'rejected', reason: 'identityMismatch', security: 'identityMismatch' }
}

/**
 * Reads the refresh token of a LibreChat login's answer; `undefined` if the answer sets none. Servers only.
 *
 * @example
 * const refreshToken = refreshTokenFromCookies(response.headers) ?? null
 * await session.login({ ...(await response.json()), refreshToken }, { provider: 'librechat' })
 */
export function refreshTokenFromCookies(headers: Headers): string | undefined {
  return setCookieOf(headers, 'refreshToken').value
}

function rotated(body: unknown, answer: WireAnswer): RefreshOutcome {
  const { value, deleted, duplicate, folded } = setCookieOf(answer.headers, 'refreshToken')
  const outcome = renewalOf(body, answer, { refreshToken: value })
  if (outcome.kind !== 'ok') return outcome
  const warnings: Warning[] = [...(outcome.warnings ?? [])]
  if (duplicate) warnings.push('cookieDuplicate')
  if (folded) warnings.push('cookieFolded')
  return {
    ...outcome,
    // The server ended the session, so this bearer is the last one.
    ...(deleted && { final: true }),
    ...(warnings.length > 0 && { warnings }),
  }
}

function leadsTo(path: string, location: string | null, baseUrl: string): boolean {
  try {
    const base = new URL(baseUrl)
    const target = new URL(location ?? '', base)
    return location !== null && target.origin === base.origin && target.pathname === path
  } catch {
    return false
  }
}
