import {
  type AuthorizationServer,
  allowInsecureRequests,
  type Client,
  customFetch,
  discoveryRequest,
  processDiscoveryResponse,
} from 'oauth4webapi'
import { isDevelopment } from '#development'
import { parseJson } from '../base/json.ts'
import type { RefreshOutcome } from '../session/strategy.ts'
import { outcomeOf } from '../wire/outcome.ts'
import type { WireResult } from '../wire/request.ts'
import { errorOf, ownError } from './oauthErrors.ts'
import type { ReadOauthOptions } from './oauthOptions.ts'
import { createTenants, type Tenants } from './tenants.ts'
import { type Line, type WireCall, wireCall } from './wireCall.ts'

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
  discover(line: Line): Promise<Discovered>
  /** The options of `oauth4webapi` for one call. */
  through(call: WireCall): { [customFetch]: WireCall['fetch']; [allowInsecureRequests]: boolean }
  readonly client: Client
  readonly tenants: Tenants
}

/** Reads the provider's metadata once (OpenID Connect Discovery 1.0). After a failure the next call tries again. */
export function createDiscovery({
  of,
  issuer,
  metadata,
  client,
  isInsecure,
  trust404,
  tenants: allowed,
}: ReadOauthOptions): Discovery {
  const tenants = createTenants(issuer, allowed)
  let provider = metadata
  const through = (call: WireCall) => ({ [customFetch]: call.fetch, [allowInsecureRequests]: isInsecure })

  async function discover(line: Line): Promise<Discovered> {
    if (provider) return { provider }
    const call = wireCall(line)
    try {
      const response = await discoveryRequest(issuer, through(call))
      provider = await processDiscoveryResponse(issuer, await asRead(response, tenants))
      return { provider }
    } catch {
      return { outcome: undiscovered(call.result(), of, issuer, trust404) }
    }
  }

  return { of, discover, through, client, tenants }
}

/** The answer of a discovery, with the issuer that it stands for. */
async function asRead(response: Response, { metadataOf }: Tenants): Promise<Response> {
  if (response.status !== 200) return response
  const { headers } = response
  return new Response(JSON.stringify(metadataOf(await response.json())), { headers })
}

function undiscovered(
  result: WireResult | undefined,
  of: string,
  issuer: URL,
  trust404 = false,
): RefreshOutcome {
  if (result?.kind === 'unknown') return { kind: 'refused', cause: 'network' }
  const outcome = result
    ? outcomeOf(result, {
        ok: (body) => otherIssuer(body, of, issuer),
        own: ownError,
        trust404: true,
        trust503: true,
      })
    : misconfigured
  if (outcome.kind === 'unsupported' && result?.kind === 'answer') {
    const { status, text } = result
    // A provider reports an error as JSON. A page may come from a gateway without a route.
    const isOwn = trust404 || errorOf(parseJson(text)?.value) !== undefined
    return { ...(isOwn ? misconfigured : unavailable), problem: noMetadata(status, of, issuer) }
  }
  if (outcome.kind === 'unknown') return unavailable
  return outcome.kind === 'refused' ? outcome : misconfigured
}

const noMetadata = (status: number, of: string, { href }: URL) =>
  `${of}: at \`server\`, which is ${href}, the answer is ${status}, not the provider's metadata.${isDevelopment ? ' Check that it is the exact issuer. A gateway whose provider is down answers the same.' : ''}`

/** The metadata belong to another issuer, which may differ by one slash. */
function otherIssuer(body: unknown, of: string, issuer: URL): RefreshOutcome {
  const told = (body as { issuer?: unknown } | null)?.issuer
  try {
    const { href } = new URL(String(told))
    if (href !== issuer.href)
      return {
        ...misconfigured,
        problem: `${of}: \`server\` is ${issuer.href}, and the provider there says that its issuer is ${href.slice(0, 200)}.${isDevelopment ? ' Give `server` as the provider says it, to the letter.' : ''}`,
      }
  } catch {
    // There is no issuer at all.
  }
  return misconfigured
}
