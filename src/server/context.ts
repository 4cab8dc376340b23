import type { Keyring } from './keyring.ts'
import type { RequestInfo } from './options.ts'
import type { Pace } from './pace.ts'
import type { ServerSettings } from './readServerOptions.ts'
import type { Sessions } from './sessions.ts'

/** A cookie of this server: how it is read, set and deleted. */
export interface CookieSlot {
  /**
   * Every value that a request brings under its name, in the browser's order, none twice: panels of one host whose paths
   * lie in each other, and sibling domains, set cookies of one name. None of them counts before it was opened.
   */
  values(request: Request): readonly string[]
  /** A `Set-Cookie` value. */
  set(value: string, maxAgeMs: number): string
  clear(): string
  /** `Set-Cookie` values that delete what a sibling domain may have set for `pathname`: a cookie of ours has no domain. */
  clearForeign(pathname: string): readonly string[]
}

/** What every endpoint is made of. */
export interface ServerContext {
  readonly settings: ServerSettings
  readonly sessions: Sessions
  readonly keyring: Keyring
  readonly pace: Pace | undefined
  /** Aborted when the server stops. */
  readonly draining: AbortSignal
  readonly cookies: {
    /** Between password and second factor. */
    readonly twoFactor: CookieSlot
    /** Between the start of the OpenID login and its callback. */
    readonly openid: CookieSlot
    /** Between the logout here and the provider's. */
    readonly providerLogout: CookieSlot
  }
}

export type Endpoint = (context: ServerContext, request: Request, info: RequestInfo) => Promise<Response>
