import {
  type AuthorizationServer,
  clockSkew,
  getValidatedIdTokenClaims,
  type IDToken,
  None,
  processRefreshTokenResponse,
  processRevocationResponse,
  refreshTokenGrantRequest,
  revocationRequest,
} from 'oauth4webapi'
import type { RefreshOutcome, RefreshRequest, RevokeRequest, SessionStrategy } from '../session/strategy.ts'
import { parseHttpDate } from '../wire/httpDate.ts'
import { outcomeOf } from '../wire/outcome.ts'
import type { Discovery } from './discovery.ts'
import { algorithmOf, isForeign, providerNow, skewOf, userOf } from './idToken.ts'
import { errorOf, oauthErrors, ownError } from './oauthErrors.ts'
import type { OauthStrategyOptions } from './oauthOptions.ts'
import { type TokenAnswer, tokenAnswerOf } from './tokenAnswer.ts'
import { type Line, wireCall } from './wireCall.ts'

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
  { discover, through, client, tenants }: Discovery,
  mayStay?: (renewed: Renewed) => Promise<boolean>,
): Omit<SessionStrategy, 'resend'> {
  const { clientAuth = None(), scope, trust404, trust503, user = userOf } = options
  /** The result of a grant: its tokens, and the user of its ID token. */
  async function renewalOf(
    { isOdd, ...answer }: TokenAnswer,
    provider: AuthorizationServer,
    headers: Headers,
    line: RefreshRequest,
  ): Promise<RefreshOutcome> {
    const { access_token: bearer, refresh_token: refreshToken, expires_in: expiresIn } = answer
    const serverNow = parseHttpDate(headers.get('date'))
    const tokens = { ...(bearer && { bearer }), ...(refreshToken && { refreshToken }) }
    const odd = { warnings: ['schema'] } as const
    if (!bearer) return refreshToken ? { kind: 'ok', ...tokens, ...odd } : unreadable
    const issuer = tenants.ofToken(provider, answer.id_token)
    try {
      // The provider's clock decides about the ID token, because the local one may be wrong.
      const skew = skewOf(providerNow(headers, answer.id_token))
      const judged = await processRefreshTokenResponse(
        // If nobody says how ID tokens are signed, this one's algorithm counts. The signature is not what makes it
        // trustworthy.
        { ...algorithmOf(answer.id_token), ...issuer },
        { [clockSkew]: skew, ...client },
        // Some browsers that pages support have no `Response.json`.
        new Response(JSON.stringify({ ...answer, token_type: 'bearer' }), {
          headers: { 'content-type': 'application/json' },
        }),
      )
      const claims = getValidatedIdTokenClaims(judged)
      const idToken = `${answer.id_token}`
      const isIn =
        !claims ||
        (tenants.allows(claims) && ((await mayStay?.({ provider, claims, bearer, idToken, line })) ?? true))
      if (!isIn) {
        revoke({ ...line, ...tokens, cause: 'late' }).catch(() => {})
        return { kind: 'rejected', reason: 'accessRevoked' }
      }
      return {
        kind: 'ok',
        ...tokens,
        ...(claims && { user: user(claims), partial: true }),
        life: {
          ...(expiresIn !== undefined && { expiresIn }),
          ...(serverNow !== undefined && { serverNow }),
        },
        ...(isOdd && odd),
      }
    } catch {
      if (isForeign(answer.id_token, issuer, client)) return foreign
      // The user of this bearer is unknown. A new refresh token is kept all the same.
      return refreshToken ? { kind: 'ok', refreshToken, ...odd } : unreadable
    }
  }

  async function revoke(end: RevokeRequest): Promise<boolean> {
    const { provider } = await discover(end)
    const [token, hint] = end.refreshToken
      ? [end.refreshToken, 'refresh_token']
      : [end.bearer, 'access_token']
    if (!token || !provider) return false
    const call = wireCall(end)
    try {
      await processRevocationResponse(
        await revocationRequest(provider, client, clientAuth, token, {
          ...through(call),
          additionalParameters: { token_type_hint: hint },
        }),
      )
      const result = call.result()
      // Nothing else in the provider's answer matters (RFC 7009 section 2.2); a page comes from a gateway.
      return result?.kind === 'answer' && !result.text.trimStart().startsWith('<')
    } catch {
      // There is no such endpoint, or an answer such as 503, after which the token is alive (RFC 7009 section 2.2.1).
      return false
    }
  }

  return {
    kind: 'oauth',
    needsRefreshToken: true,

    async refresh(attempt) {
      const { refreshToken } = attempt
      if (!refreshToken) return { kind: 'rejected', reason: 'missingCredential' }
      const found = await discover(attempt)
      if (!found.provider) return found.outcome
      const call = wireCall(attempt)
      try {
        await refreshTokenGrantRequest(found.provider, client, clientAuth, refreshToken, {
          ...through(call),
          additionalParameters: scope === undefined ? {} : { scope },
        })
      } catch {
        // The result of the call has the cause. There is none if nothing was sent.
      }
      const result = call.result()
      if (!result) return misconfigured
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
      return renewalOf(answer, found.provider, result.headers, attempt)
    },

    revoke,
  }
}

/** This counts as an answer about another user. */
const foreign = { kind: 'rejected', reason: 'identityMismatch', security: 'identityMismatch' } as const

const unreadable = { kind: 'unknown', cause: 'schema', answered: false, warnings: ['schema'] } as const
