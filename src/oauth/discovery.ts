import {
  type AuthorizationServer,
  type Client,
  type ClientAuth,
  discoveryRequest,
  processDiscoveryResponse,
} from 'oauth4webapi'
import { isDevelopment } from '#development'
import { parseJson } from '../base/json.ts'
import { parseUrl } from '../base/parseUrl.ts'
import type { RefreshOutcome } from '../session/strategy.ts'
import { outcomeOf } from '../wire/outcome.ts'
import type { WireResult } from '../wire/request.ts'
import type { Tenants } from './entraTenants.ts'
import type { Line } from './line.ts'
import { errorOf, ownError } from './oauthErrors.ts'
import type { ReadOauthOptions } from './oauthOptions.ts'
import { type Called, type Through, wireCall } from './wireCall.ts'

const misconfigured = { kind: 'refused', cause: 'misconfigured' } as const
const unavailable = { kind: 'refused', cause: 'unavailable' } as const

/** The provider's metadata, or why there are none. Only the request for the metadata was sent. */
export type Discovered =
  | { readonly provider: AuthorizationServer }
  | { readonly provider?: undefined; readonly outcome: RefreshOutcome }

/** One client at one provider. */
export interface Discovery {
  /** The options, for error messages. */
  readonly of: string
  readonly client: Client
  readonly clientAuth: ClientAuth
  /** Absent: there is one issuer. */
  readonly tenants: Tenants | undefined
  discover(line: Line): Promise<Discovered>
  /** One step of `oauth4webapi`. */
  call<Made>(line: Line, step: (through: Through) => Promise<Made>): Promise<Called<Made>>
  /** The URL that the metadata have under `name`. @throws Misconfigured unless it may be called */
  callable(name: string, value: unknown): URL
}

/** Reads the provider's metadata once (OpenID Connect Discovery 1.0). After a failure the next call tries again. */
export function createDiscovery(read: ReadOauthOptions): Discovery {
  const { of, issuer, metadata, client, clientAuth, isInsecure, trust404, tenants, callable } = read
  let provider = metadata
  const call: Discovery['call'] = (line, step) => wireCall(line, isInsecure, step)

  async function discover(line: Line): Promise<Discovered> {
    if (provider) return { provider }
    const { made, result } = await call(line, async (through) =>
      processDiscoveryResponse(issuer, await asRead(await discoveryRequest(issuer, through))),
    )
    provider ??= made
    return provider ? { provider } : { outcome: undiscovered(result) }
  }

  /** The answer of a discovery. The issuer of many tenants stands for the requested server. */
  async function asRead(response: Response): Promise<Response> {
    if (!tenants || response.status !== 200) return response
    const { headers } = response
    return new Response(JSON.stringify(tenants.metadataOf(await response.json())), { headers })
  }

  function undiscovered(result: WireResult | undefined): RefreshOutcome {
    if (!result) return misconfigured
    if (result.kind === 'unknown') return { kind: 'refused', cause: 'network' }
    const outcome = outcomeOf(result, { ok: otherIssuer, own: ownError, trust404: true, trust503: true })
    if (outcome.kind === 'unsupported' && result.kind === 'answer') {
      const { status, text } = result
      // A provider reports an error as JSON. A page may come from a gateway without a route.
      const isOwn = trust404 || errorOf(parseJson(text)?.value) !== undefined
      const problem = `${of}: at \`server\`, which is ${issuer.href}, the answer is ${status}, not the provider's metadata.${isDevelopment ? ' Check that it is the exact issuer. A gateway whose provider is down answers the same.' : ''}`
      return { ...(isOwn ? misconfigured : unavailable), problem }
    }
    if (outcome.kind === 'unknown') return unavailable
    return outcome.kind === 'refused' ? outcome : misconfigured
  }

  /** The metadata belong to another issuer, which may differ by one slash, or name none. */
  function otherIssuer(body: unknown): RefreshOutcome {
    const told = (body as { readonly issuer?: unknown } | null)?.issuer
    const href = typeof told === 'string' ? parseUrl(told)?.href : undefined
    if (href === undefined || href === issuer.href) return misconfigured
    return {
      ...misconfigured,
      problem: `${of}: \`server\` is ${issuer.href}, and the provider there says that its issuer is ${href.slice(0, 200)}.${isDevelopment ? ' Give `server` as the provider says it, to the letter.' : ''}`,
    }
  }

  return { of, client, clientAuth, tenants, discover, call, callable }
}
