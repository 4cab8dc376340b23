import {
  type AuthorizationServer,
  allowInsecureRequests,
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
import type { SessionUser } from '../../machines/session.types.ts'
import { systemClock } from '../base/clock.ts'
import { parseJson } from '../base/json.ts'
import type { RefreshOutcome, RefreshRequest, SessionStrategy } from '../session/strategy.ts'
import { parseHttpDate } from '../wire/headers.ts'
import { outcomeOf } from '../wire/outcome.ts'
import { request, type WireResult } from '../wire/request.ts'
import type { WireAnswer } from '../wire/wireAnswer.ts'
import { oauthErrors } from './oauthErrors.ts'
import { type OauthStrategyOptions, readOauthOptions } from './oauthOptions.ts'
import { type TokenAnswer, tokenAnswerOf } from './tokenAnswer.ts'

const misconfigured = { kind: 'refused', cause: 'misconfigured' } as const
const unavailable = { kind: 'refused', cause: 'unavailable' } as const

/**
 * Renews a session directly at an OAuth 2.0 or OpenID provider with the refresh grant (RFC 6749 section 6), and
 * ends it by revocation where the provider has an endpoint for that (RFC 7009).
 *
 * Needs the optional peer `oauth4webapi`. Sends no `X-Refresh-Attempt-Id`: token endpoints answer browsers only
 * for requests without headers of their own. A provider that cannot be discovered has spent nothing. An error of
 * RFC 6749 section 5.2 counts whatever its content type says, and with status 200 too; any other error does not say
 * that the provider has spoken.
 *
 * @throws Misconfigured for options that cannot work: no issuer, `http:` beyond loopback, …
 * @example
 * oauthStrategy({ ...oauthProfiles.keycloak, server: 'https://id.example.com/realms/staff', clientId: 'panel' })
 */
export function oauthStrategy(options: OauthStrategyOptions): SessionStrategy {
  const { issuer, metadata, isInsecure, resend } = readOauthOptions(options)
  const { clientId, clientAuth = None(), scope, trust404, trust503, user = userOf } = options
  const client = { ...options.client, client_id: clientId }
  let provider = metadata

  const through = (call: WireCall) => ({ [customFetch]: call.fetch, [allowInsecureRequests]: isInsecure })

  async function discover(attempt: RefreshRequest): Promise<Discovered> {
    if (provider) return { provider }
    const call = wireCall(attempt)
    try {
      provider = await processDiscoveryResponse(issuer, await discoveryRequest(issuer, through(call)))
      return { provider }
    } catch {
      return { outcome: undiscovered(call.result(), issuer, trust404) }
    }
  }

  /** What a grant has brought: its tokens, and whom its ID token is about. */
  async function renewalOf(
    { isOdd, ...answer }: TokenAnswer,
    provider: AuthorizationServer,
    headers: Headers,
  ): Promise<RefreshOutcome> {
    const { access_token: bearer, refresh_token: refreshToken, expires_in: expiresIn } = answer
    const serverNow = parseHttpDate(headers.get('date'))
    const tokens = { ...(bearer && { bearer }), ...(refreshToken && { refreshToken }) }
    const odd = { warnings: ['schema'] } as const
    if (!bearer) return refreshToken ? { kind: 'ok', ...tokens, ...odd } : unreadable
    try {
      // The ID token is judged by the provider's clock; the local one may be wrong.
      const skew = serverNow === undefined ? 0 : Math.round((serverNow - systemClock.wall()) / 1000)
      const judged = await processRefreshTokenResponse(
        // Where nobody said how ID tokens are signed: as this one is. Its signature is not what vouches for it.
        { ...algorithmOf(answer.id_token), ...provider },
        { [clockSkew]: skew, ...client },
        // `Response.json` is younger than the browsers that pages meet.
        new Response(JSON.stringify({ ...answer, token_type: 'bearer' }), {
          headers: { 'content-type': 'application/json' },
        }),
      )
      const claims = getValidatedIdTokenClaims(judged)
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
      // Whose bearer it is cannot be told. A new refresh token is kept all the same.
      return refreshToken ? { kind: 'ok', refreshToken, ...odd } : unreadable
    }
  }

  return {
    kind: 'oauth',
    needsRefreshToken: true,
    ...resend,

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
        // Why is in the result of the call; there is none if nothing was sent.
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
      return renewalOf(answer, found.provider, result.headers)
    },

    async revoke(end) {
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
        // Of what the provider says besides nothing matters (RFC 7009 section 2.2); a page is somebody else's.
        return result?.kind === 'answer' && !result.text.trimStart().startsWith('<')
      } catch {
        // No such endpoint, or an answer such as 503, after which the token lives on (RFC 7009 section 2.2.1).
        return false
      }
    },
  }
}

const unreadable = { kind: 'unknown', cause: 'schema', answered: false, warnings: ['schema'] } as const

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
      const { status, text } = result
      const response = new Headers(result.headers)
      // The library goes by the type; metadata are files, which servers call what they like.
      if (status === 200 && parseJson(text)) response.set('content-type', 'application/json')
      return new Response(text || null, { status, headers: response })
    },
    result: () => result,
  }
}

function undiscovered(result: WireResult | undefined, issuer: URL, trust404 = false): RefreshOutcome {
  if (result?.kind === 'unknown') return { kind: 'refused', cause: 'network' }
  const outcome = result
    ? outcomeOf(result, {
        ok: (body) => otherIssuer(body, issuer),
        own: ownError,
        trust404: true,
        trust503: true,
      })
    : misconfigured
  if (outcome.kind === 'unsupported' && result?.kind === 'answer') {
    const { status, text } = result
    // A provider says in JSON what is wrong; a page may be that of a gateway without a route.
    const isOwn = trust404 || errorOf(parseJson(text)?.value) !== undefined
    return { ...(isOwn ? misconfigured : unavailable), problem: noMetadata(status, issuer) }
  }
  if (outcome.kind === 'unknown') return unavailable
  return outcome.kind === 'refused' ? outcome : misconfigured
}

const noMetadata = (status: number, { href }: URL) =>
  `oauthStrategy: at \`server\`, which is ${href}, there is ${status} in place of the provider's metadata. Is it the issuer to the letter? A gateway whose provider is away says the same.`

/** The metadata are somebody else's, perhaps by one slash only. */
function otherIssuer(body: unknown, issuer: URL): RefreshOutcome {
  const told = (body as { issuer?: unknown } | null)?.issuer
  try {
    const { href } = new URL(String(told))
    if (href !== issuer.href)
      return {
        ...misconfigured,
        problem: `oauthStrategy: \`server\` is ${issuer.href}, and the provider there says that its issuer is ${href.slice(0, 200)}. Give \`server\` as the provider says it, to the letter.`,
      }
  } catch {
    // No issuer at all.
  }
  return misconfigured
}

function errorOf(body: unknown): unknown {
  return (body as { error?: unknown } | null)?.error
}

/** The provider's own word: an error of the protocol as JSON, whatever its content type says. */
function ownError({ status, text }: WireAnswer): RefreshOutcome | undefined {
  if (status < 400 || (status >= 500 && status !== 503)) return undefined
  const error = errorOf(parseJson(text)?.value)
  if (status === 503) return error === 'temporarily_unavailable' ? unavailable : undefined
  return oauthErrors.get(error)
}

function userOf({ sub, email, name, preferred_username: username, picture: avatar }: IDToken): SessionUser {
  const texts = Object.entries({ email, name, username, avatar }).filter(
    ([, value]) => typeof value === 'string' && value,
  )
  return { ...Object.fromEntries(texts), id: sub }
}

/** How an ID token says that it is signed, as metadata. */
function algorithmOf(
  token: string | undefined,
): Pick<AuthorizationServer, 'id_token_signing_alg_values_supported'> {
  try {
    const header = `${token}`.split('.', 1)[0]?.replace(/-/g, '+').replace(/_/g, '/') ?? ''
    return { id_token_signing_alg_values_supported: [JSON.parse(atob(header)).alg] }
  } catch {
    return {}
  }
}
