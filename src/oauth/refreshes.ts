import {
  type AuthorizationServer,
  type IDToken,
  refreshTokenGrantRequest,
  revocationRequest,
} from 'oauth4webapi'
import type { UserDocument } from '../../machines/session.types.ts'
import type { RefreshOutcome, RefreshRequest, RevokeRequest, SessionStrategy } from '../session/strategy.ts'
import { parseHttpDate } from '../wire/httpDate.ts'
import { isWhole, outcomeOf } from '../wire/outcome.ts'
import type { Discovery } from './discovery.ts'
import { claimsOf, isForeign, providerNow, userOf } from './idToken.ts'
import type { Line } from './line.ts'
import { errorOf, oauthErrors, ownError } from './oauthErrors.ts'
import type { OauthStrategyOptions } from './oauthOptions.ts'
import { type TokenAnswer, tokenAnswerOf } from './tokenAnswer.ts'

const misconfigured = { kind: 'refused', cause: 'misconfigured' } as const

/** A renewal whose answer names the user. */
export interface Renewed {
  readonly provider: AuthorizationServer
  readonly claims: IDToken
  readonly bearer: string
  readonly idToken: string
  readonly line: Line
}

/** The refreshes of one client at one provider, and the revocation of their tokens. */
export function createRefreshes(
  options: OauthStrategyOptions,
  { discover, call, client, clientAuth, tenants }: Discovery,
  mayStay?: (renewed: Renewed) => Promise<boolean>,
): Omit<SessionStrategy, 'resend'> {
  const { scope, trust404, trust503, user = userOf } = options
  /** The result of a grant: its tokens, and the user of its ID token. */
  async function renewalOf(
    { isOdd, ...answer }: TokenAnswer,
    provider: AuthorizationServer,
    headers: Headers,
    line: RefreshRequest,
  ): Promise<RefreshOutcome> {
    const {
      access_token: bearer,
      refresh_token: refreshToken,
      id_token: idToken,
      expires_in: expiresIn,
    } = answer
    const serverNow = parseHttpDate(headers.get('date'))
    const tokens = { ...(bearer && { bearer }), ...(refreshToken && { refreshToken }) }
    const odd = { warnings: ['schema'] } as const
    /** The user of a bearer is unknown. A new refresh token is kept all the same. */
    const kept: RefreshOutcome = refreshToken ? { kind: 'ok', refreshToken, ...odd } : unreadable
    if (!bearer) return kept
    let renewed: UserDocument | undefined
    if (idToken) {
      const issuer = tenants?.ofToken(provider, idToken) ?? provider
      const claims = await claimsOf(issuer, client, idToken, providerNow(headers, idToken))
      if (!claims) return isForeign(idToken, issuer, client) ? foreign : kept
      try {
        const isTheirs = tenants?.allows(claims) ?? true
        if (!isTheirs || (await mayStay?.({ provider, claims, bearer, idToken, line })) === false) {
          revoke({ ...line, ...tokens, cause: 'late' }).catch(() => {})
          return { kind: 'rejected', reason: 'accessRevoked' }
        }
        renewed = user(claims)
      } catch {
        return kept
      }
    }
    return {
      kind: 'ok',
      ...tokens,
      ...(renewed && { user: renewed, partial: true }),
      life: {
        ...(expiresIn !== undefined && { expiresIn }),
        ...(serverNow !== undefined && { serverNow }),
      },
      ...(isOdd && odd),
    }
  }

  async function revoke(end: RevokeRequest): Promise<boolean> {
    const { provider } = await discover(end)
    const [token, hint] = end.refreshToken
      ? [end.refreshToken, 'refresh_token']
      : [end.bearer, 'access_token']
    if (!token || !provider) return false
    const additionalParameters = { token_type_hint: hint }
    const { result } = await call(end, (through) =>
      revocationRequest(provider, client, clientAuth, token, { ...through, additionalParameters }),
    )
    // After any other status, such as 503, the token is alive (RFC 7009 section 2.2.1). Of the body nothing matters
    // (section 2.2), so some send none; but a page comes from a gateway.
    if (result?.kind !== 'answer' || result.text.trimStart().startsWith('<')) return false
    return isWhole(result.status) || result.status === 204
  }

  return {
    kind: 'oauth',
    needsRefreshToken: true,

    async refresh(attempt) {
      const { refreshToken } = attempt
      if (!refreshToken) return { kind: 'rejected', reason: 'missingCredential' }
      const found = await discover(attempt)
      if (!found.provider) return found.outcome
      const { provider } = found
      const additionalParameters: Record<string, string> = scope === undefined ? {} : { scope }
      const { result = misconfigured } = await call(attempt, (through) =>
        refreshTokenGrantRequest(provider, client, clientAuth, refreshToken, {
          ...through,
          additionalParameters,
        }),
      )
      let answer: TokenAnswer | undefined
      const outcome = outcomeOf(result, {
        ok(body) {
          answer = tokenAnswerOf(body)
          const hasToken = answer.access_token || answer.refresh_token
          return (hasToken ? undefined : oauthErrors.get(errorOf(body))) ?? { kind: 'ok' }
        },
        own: ownError,
        trust404,
        trust503,
      })
      if (outcome.kind !== 'ok' || result.kind !== 'answer' || !answer) return outcome
      return renewalOf(answer, provider, result.headers, attempt)
    },

    revoke,
  }
}

/** This counts as an answer about another user. */
const foreign = { kind: 'rejected', reason: 'identityMismatch', security: 'identityMismatch' } as const

const unreadable = { kind: 'unknown', cause: 'schema', answered: false, warnings: ['schema'] } as const
