import type { Keyring } from './keyring.ts'
import type { RequestInfo, ServerSettings } from './options.ts'
import type { Pace } from './pace.ts'
import type { Sessions } from './sessions.ts'

/** A cookie of this server: how it is read, set and deleted. */
export interface CookieSlot {
  /** `undefined`: absent, empty, or there more than once. */
  read(request: Request): string | undefined
  /** A `Set-Cookie` value. */
  set(value: string, maxAgeMs: number): string
  clear(): string
}

/** What every endpoint is made of. */
export interface ServerContext {
  readonly settings: ServerSettings
  readonly sessions: Sessions
  readonly keyring: Keyring
  readonly pace: Pace | undefined
  readonly cookies: {
    /** Between password and second factor. */
    readonly twoFactor: CookieSlot
    /** Between the start of the OpenID login and its callback. */
    readonly openid: CookieSlot
  }
}

export type Endpoint = (context: ServerContext, request: Request, info: RequestInfo) => Promise<Response>
