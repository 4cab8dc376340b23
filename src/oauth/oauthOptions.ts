import {
  type AuthorizationServer,
  allowInsecureRequests,
  type Client,
  type ClientAuth,
  type IDToken,
  None,
} from 'oauth4webapi'
import { isDevelopment } from '#development'
import type { ResendPolicy, UserDocument } from '../../machines/session.types.ts'
import { Misconfigured } from '../base/errors.ts'
import { optionsOf } from '../base/optionsOf.ts'
import { parseUrl } from '../base/parseUrl.ts'
import { resendOf } from '../base/resend.ts'
import { whereFrom } from '../base/whereFrom.ts'
import { checkOauthOptions } from './checkOauthOptions.ts'
import { isForTenants, LIST_THEM, type Tenants, type TenantsOf } from './entraTenants.ts'

/** The provider, the client, and the user of an ID token. */
export interface OauthStrategyOptions {
  /**
   * The provider: its issuer, whose metadata are read once (OpenID Connect Discovery), or its metadata. Over `https:`,
   * except on loopback.
   */
  readonly server: string | AuthorizationServer
  /** The client's id at the provider. */
  readonly clientId: string
  /** How the client authenticates, from `oauth4webapi` (`ClientSecretBasic(secret)`, …). @default None() */
  readonly clientAuth?: ClientAuth
  /** Further client metadata, such as `id_token_signed_response_alg`. */
  readonly client?: Omit<Client, 'client_id'>
  /** Narrows the scope (RFC 6749 section 6). @default the scope of the grant */
  readonly scope?: string
  /**
   * Whether a refresh token with an unknown outcome may be sent again; `oauthProfiles` has what providers document.
   * @default 'afterBearerEnds'
   */
  readonly resend?: ResendPolicy
  /** A 503 without a code comes from a gateway that did not pass the request on. @default false */
  readonly trust503?: boolean
  /** As `OpenidStrategyOptions.trust404`. @default false */
  readonly trust404?: boolean
  /**
   * The user of a validated ID token. The session ends unless `id` is the one that it started with. Missing fields keep
   * their values of the login, because providers repeat only a part of them.
   * @default the claims, with `sub` as `id`, `preferred_username` as `username` and `picture` as `avatar`
   */
  readonly user?: (claims: IDToken) => UserDocument
  /**
   * The tenants whose users may log in, as `entraTenants([id, …])`, if `server` is `common` or `organizations` of
   * Microsoft Entra. It is required there, and refused elsewhere. Each token must name the issuer of its own tenant.
   */
  readonly tenants?: TenantsOf
  /** Permits `http:` beyond loopback. Use it only inside a private network. */
  readonly [allowInsecureRequests]?: boolean
}

/** The provider and the client after the check of the options. */
export interface ReadOauthOptions {
  /** The options, for error messages. */
  readonly of: string
  readonly issuer: URL
  /** The metadata that the embedder gave. */
  readonly metadata: AuthorizationServer | undefined
  readonly client: Client
  readonly clientAuth: ClientAuth
  readonly trust404: boolean | undefined
  /** Whether `http:` is permitted. */
  readonly isInsecure: boolean
  readonly resend: { readonly resend?: ResendPolicy }
  /** Absent: there is one issuer. */
  readonly tenants: Tenants | undefined
  /** The URL that the provider's metadata have under `name`. Throws `Misconfigured` unless it may be called. */
  callable(name: string, value: unknown): URL
}

/**
 * The checked options. Throws `Misconfigured` for options that cannot work, before anything is sent. `of`: their name
 * for messages.
 */
export function readOauthOptions(options: OauthStrategyOptions, of = 'oauthStrategy'): ReadOauthOptions {
  const refuse: Refuse = (problem) => {
    throw new Misconfigured(`${of}: ${problem}`)
  }
  const { server, clientId, client, clientAuth = None(), tenants, trust404 } = optionsOf(of, options)
  let isInsecure = options[allowInsecureRequests] === true
  if (typeof clientId !== 'string' || !clientId)
    refuse(`\`clientId\` must be the id of the client at the provider.${whereFrom(clientId)}`)
  if (isDevelopment) checkOauthOptions(options, refuse)
  if (typeof server !== 'string' && (typeof server !== 'object' || server === null))
    refuse(`\`server\` is missing: give the issuer of the provider, or its metadata.${whereFrom(server)}`)
  const metadata = typeof server === 'string' ? undefined : server

  /** A URL that may be called. */
  function usable(what: string, value: unknown): URL {
    const url = parseUrl(String(value))
    if (!url || !/^https?:/.test(url.protocol))
      return refuse(
        `${what} must be an absolute https: URL, or http: on loopback.${whereFrom(value) || received(value)}`,
      )
    const isLoopback = /^(localhost|.+\.localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname)
    if (url.protocol === 'http:' && !isInsecure && !isLoopback)
      return refuse(
        `${what} is at ${url.origin}: http: is for loopback only, unless [allowInsecureRequests] is true.`,
      )
    return url
  }

  const issuer = usable('`server`', typeof server === 'string' ? server : server.issuer)
  const urls = [issuer]
  if (metadata) urls.push(usable('`server.token_endpoint`', metadata.token_endpoint))
  if (metadata?.revocation_endpoint !== undefined)
    urls.push(usable('`server.revocation_endpoint`', metadata.revocation_endpoint))
  // What the embedder names is permitted, so the rest is too.
  isInsecure ||= urls.some(({ protocol }) => protocol === 'http:')
  // In production the provider says that its issuer is another one.
  if (isDevelopment && !tenants && isForTenants(issuer)) refuse(LIST_THEM)
  return {
    of,
    issuer,
    metadata,
    client: { ...client, client_id: clientId },
    clientAuth,
    trust404,
    isInsecure,
    resend: resendOf(of, options.resend),
    tenants: tenants?.(issuer, refuse),
    callable: (name, value) => usable(`\`${name}\` in the metadata`, value),
  }
}

/** Throws with the message. */
type Refuse = (problem: string) => never

/** A name that a build has left as it is, such as `%VITE_ISSUER%`. Any other text may be a secret in the wrong place. */
function received(value: unknown): string {
  const [name] = (isDevelopment && /^(%\w+%|\$\{?[A-Z_]+\}?|undefined)(?=[/:]|$)/.exec(String(value))) || []
  return name ? ` It is ${JSON.stringify(name)}.` : ''
}
