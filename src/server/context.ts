import type { CookieSlot } from './cookieSlot.ts'
import type { Keyring } from './keyring.ts'
import type { RequestInfo } from './options.ts'
import type { RateLimiter } from './rateLimiter.ts'
import type { ServerSettings } from './readServerOptions.ts'
import type { Sessions } from './sessions.ts'

/** What every endpoint is made of. */
export interface ServerContext {
  readonly settings: ServerSettings
  readonly sessions: Sessions
  readonly keyring: Keyring
  readonly limiter: RateLimiter | undefined
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
