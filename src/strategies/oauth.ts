import {
  type AuthorizationServer,
  allowInsecureRequests,
  type Client,
  type ClientAuth,
  clockSkew,
  customFetch,
  discoveryRequest,
  getValidatedIdTokenClaims,
  type IDToken,
  None,
  processDiscoveryResponse,
  processRefreshTokenResponse,
  processRevocationResponse,
  refreshTokenGrantRequest,
  revocationRequest,
} from 'oauth4webapi'
import type { ResendPolicy, SessionUser } from '../../machines/session.types.ts'
import { systemClock } from '../session/clock.ts'
import { Misconfigured } from '../session/errors.ts'
import { parseHttpDate } from '../wire/headers.ts'
import { outcomeOf } from '../wire/outcome.ts'
import { request, type WireResult } from '../wire/request.ts'
import type { RefreshOutcome, RefreshRequest, SessionStrategy } from './strategy.ts'

/** The provider, the client, and whom an ID token is about. */
export interface OauthStrategyOptions {
  /** The provider: its issuer, whose metadata are then read once (OpenID Connect Discovery), or its metadata. */
  readonly server: string | AuthorizationServer
  /** The client's id at the provider. */
  readonly clientId: string
  /** How the client proves itself, from `oauth4webapi` (`ClientSecretBasic(secret)`, …). @default None() */
  readonly clientAuth?: ClientAuth
  /** Further client metadata, such as `id_token_signed_response_alg`. */
  readonly client?: Omit<Client, 'client_id'>
  /** Narrows the scope (RFC 6749 section 6). @default the scope of the grant */
  readonly scope?: string
  /**
   * Whether a refresh token may be sent again when nobody knows if it was spent; `oauthProfiles` has what
   * providers document. @default 'afterBearerEnds'
   */
  readonly resend?: ResendPolicy
  /** A 503 without a code comes from a gateway that has not passed the request on. @default false */
  readonly trust503?: boolean
  /**
   * Whom a validated ID token is about. The session ends unless `id` is the one it started with.
   * @default `sub` as `id`, with `email`, `name`, `preferred_username` and `picture`
   */
  readonly user?: (claims: IDToken) => SessionUser
  /** Permits `http:`. For a provider on loopback, in tests; never elsewhere. */
  readonly [allowInsecureRequests]?: boolean
}

const rejected = { kind: 'rejected', reason: 'refreshRejected' } as const
const misconfigured = { kind: 'refused', cause: 'misconfigured' } as const

/** RFC 6749 section 5.2; those that ask for the user are from OpenID Connect Core section 3.1.2.6. */
const errors = new Map<unknown, RefreshOutcome>([
  ['invalid_grant', rejected],
  ['interaction_required', rejected],
  ['login_required', rejected],
  ['consent_required', rejected],
  ['invalid_client', misconfigured],
  ['invalid_request', misconfigured],
  ['invalid_scope', misconfigured],
  ['unauthorized_client', misconfigured],
  ['unsupported_grant_type', misconfigured],
])

/**
 * Renews a session directly at an OAuth 2.0 or OpenID provider with the refresh grant (RFC 6749 section 6), and
 * ends it by revocation where the provider has an endpoint for that (RFC 7009).
 *
 * Needs the optional peer `oauth4webapi`. Sends no `X-Refresh-Attempt-Id`: token endpoints answer browsers only
 * for requests without headers of their own. A provider that cannot be discovered has spent nothing.
 *
 * @throws Misconfigured if `server` or `clientId` is unusable.
 */
export function oauthStrategy(options: OauthStrategyOptions): SessionStrategy {
  const { server, clientId, clientAuth = None(), scope, resend, trust503, user = userOf } = options
  if (!clientId) throw new Misconfigured('oauthStrategy: `clientId` is empty.')
  const issuer = typeof server === 'string' ? issuerOf(server) : undefined
  const client = { ...options.client, client_id: clientId }
  const insecure = options[allowInsecureRequests] === true
  let metadata = typeof server === 'string' ? undefined : server

  const through = (call: WireCall) => ({ [customFetch]: call.fetch, [allowInsecureRequests]: insecure })

  async function discover(attempt: RefreshRequest): Promise<Discovered> {
    if (metadata) return { provider: metadata }
    if (!issuer) return { outcome: misconfigured }
    const call = wireCall(attempt)
    try {
      metadata = await processDiscoveryResponse(issuer, await discoveryRequest(issuer, through(call)))
      return { provider: metadata }
    } catch {
      return { outcome: undiscovered(call.result()) }
    }
  }

  return {
    needsRefreshToken: true,
    ...(resend === undefined ? {} : { resend }),

    async refresh(attempt) {
      const { refreshToken } = attempt
      if (!refreshToken) return { kind: 'rejected', reason: 'missingCredential' }
      const found = await discover(attempt)
      if (!found.provider) return found.outcome
      const { provider } = found
      const call = wireCall(attempt)
      let response: Response | undefined
      try {
        response = await refreshTokenGrantRequest(provider, client, clientAuth, refreshToken, {
          ...through(call),
          additionalParameters: scope === undefined ? {} : { scope },
        })
      } catch {
        // Why is in the result of the call; there is none if nothing was sent.
      }
      const result = call.result()
      if (!result) return misconfigured
      let body: unknown
      const outcome = outcomeOf(result, {
        ok(json) {
          body = json
          return { kind: 'ok' }
        },
        error: byError,
        trust503,
      })
      if (outcome.kind !== 'ok' || !response) return outcome
      try {
        const serverNow = parseHttpDate(response.headers.get('date'))
        // The ID token is judged by the provider's clock; the local one may be wrong.
        const skew = serverNow === undefined ? 0 : Math.round((serverNow - systemClock.wall()) / 1000)
        const answer = await processRefreshTokenResponse(provider, { [clockSkew]: skew, ...client }, response)
        const claims = getValidatedIdTokenClaims(answer)
        return {
          kind: 'ok',
          bearer: answer.access_token,
          ...(answer.refresh_token ? { refreshToken: answer.refresh_token } : {}),
          ...(claims && { user: user(claims) }),
          life: {
            ...(answer.expires_in === undefined ? {} : { expiresIn: answer.expires_in }),
            ...(serverNow === undefined ? {} : { serverNow }),
          },
        }
      } catch {
        return unusable(body)
      }
    },

    async revoke(end) {
      const { provider } = await discover(end)
      const [token, hint] = end.refreshToken
        ? [end.refreshToken, 'refresh_token']
        : [end.bearer, 'access_token']
      if (!token || !provider) return false
      try {
        await processRevocationResponse(
          await revocationRequest(provider, client, clientAuth, token, {
            ...through(wireCall(end)),
            additionalParameters: { token_type_hint: hint },
          }),
        )
        return true
      } catch {
        // No such endpoint, or an answer such as 503, after which the token lives on (RFC 7009 section 2.2.1).
        return false
      }
    },
  }
}

type Discovered = { provider: AuthorizationServer } | { provider?: undefined; outcome: RefreshOutcome }

interface WireCall {
  fetch(
    url: string,
    init: { method: string; headers: Record<string, string>; body?: unknown },
  ): Promise<Response>
  /** What came back; `undefined` if nothing was sent. */
  result(): WireResult | undefined
}

/** Sends what `oauth4webapi` builds with the deadline, the limits and the connection of every protocol call. */
function wireCall({ signal, fetch }: RefreshRequest): WireCall {
  let result: WireResult | undefined
  return {
    async fetch(url, { method, headers, body }) {
      result = await request({
        url,
        method: method === 'POST' ? 'POST' : 'GET',
        headers,
        ...(body == null ? {} : { body: String(body) }),
        signal,
        fetch,
      })
      if (result.kind !== 'answer') throw new Error(result.cause)
      return new Response(result.text || null, { status: result.status, headers: result.headers })
    },
    result: () => result,
  }
}

function undiscovered(result: WireResult | undefined): RefreshOutcome {
  if (result?.kind === 'unknown') return { kind: 'refused', cause: 'network' }
  const outcome = result ? outcomeOf(result, { ok: () => misconfigured, trust503: true }) : misconfigured
  if (outcome.kind === 'unknown') return { kind: 'refused', cause: 'unavailable' }
  return outcome.kind === 'refused' ? outcome : misconfigured
}

function byError(body: unknown, { status }: { status: number }): RefreshOutcome | undefined {
  const error = (body as { error?: unknown } | null)?.error
  if (status === 503 && error === 'temporarily_unavailable') return { kind: 'refused', cause: 'unavailable' }
  return status < 500 ? errors.get(error) : undefined
}

/** The grant was answered, but not by the rules: a new refresh token is kept all the same. */
function unusable(body: unknown): RefreshOutcome {
  const refreshToken = (body as { refresh_token?: unknown } | null)?.refresh_token
  return typeof refreshToken === 'string' && refreshToken
    ? { kind: 'ok', refreshToken, warnings: ['schema'] }
    : { kind: 'unknown', cause: 'schema', answered: false, warnings: ['schema'] }
}

function userOf({ sub, email, name, preferred_username: username, picture: avatar }: IDToken): SessionUser {
  const texts = Object.entries({ email, name, username, avatar }).filter(
    ([, value]) => typeof value === 'string' && value,
  )
  return { ...Object.fromEntries(texts), id: sub }
}

function issuerOf(server: string): URL {
  try {
    return new URL(server)
  } catch {
    throw new Misconfigured('oauthStrategy: `server` is neither an issuer URL nor metadata.')
  }
}
