import type { AuthorizationServer, Client, ClientAuth } from 'oauth4webapi'
import { isDevelopment } from '#development'
import { parseJson } from '../base/json.ts'
import { parseUrl } from '../base/parseUrl.ts'
import type { RefreshOutcome } from '../session/strategy.ts'
import { outcomeOf } from '../wire/outcome.ts'
import { request, type WireResult } from '../wire/request.ts'
import type { Tenants } from './entraTenants.ts'
import type { Line } from './line.ts'
import { errorOf, ownError } from './oauthErrors.ts'
import type { ReadOauthOptions } from './oauthOptions.ts'

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
  /** The URL that the metadata have under `name`. @throws Misconfigured unless it may be called */
  callable(name: string, value: unknown): URL
}

/** Reads the provider's metadata once (OpenID Connect Discovery 1.0). After a failure the next call tries again. */
export function createDiscovery(read: ReadOauthOptions): Discovery {
  const { of, issuer, metadata, client, clientAuth, trust404, tenants, callable } = read
  let provider = metadata

  async function discover({ signal, fetch }: Line): Promise<Discovered> {
    if (provider) return { provider }
    const url = new URL(issuer)
    url.pathname = `${url.pathname.replace(/\/$/, '')}/.well-known/openid-configuration`
    const headers = { accept: 'application/json' }
    const result = await request({ url: url.href, method: 'GET', headers, signal, fetch })
    const outcome = outcomeOf(result, {
      ok(body) {
        const said = metadataOf(body)
        const href = typeof said?.issuer === 'string' ? parseUrl(said.issuer)?.href : undefined
        if (href !== issuer.href) return otherIssuer(href)
        provider = said
        return { kind: 'ok' }
      },
      own: ownError,
      trust404: true,
      trust503: true,
    })
    return provider ? { provider } : { outcome: undiscovered(outcome, result) }
  }

  /** The metadata in an answer. The issuer of many tenants stands for the requested server. */
  function metadataOf(body: unknown): AuthorizationServer | undefined {
    if (typeof body !== 'object' || body === null) return undefined
    const said = body as AuthorizationServer
    return tenants?.metadataOf(said) ?? said
  }

  function undiscovered(outcome: RefreshOutcome, result: WireResult): RefreshOutcome {
    if (result.kind === 'unknown') return { kind: 'refused', cause: 'network' }
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

  /** The metadata belong to another issuer, which may differ by one slash; `undefined`: to none. */
  function otherIssuer(href: string | undefined): RefreshOutcome {
    if (href === undefined) return misconfigured
    return {
      ...misconfigured,
      problem: `${of}: \`server\` is ${issuer.href}, and the provider there says that its issuer is ${href.slice(0, 200)}.${isDevelopment ? ' Give `server` as the provider says it, to the letter.' : ''}`,
    }
  }

  return { of, client, clientAuth, tenants, discover, callable }
}
