import type { AttemptKeeper } from './attempts.ts'
import type { CookieSlot } from './cookieSlot.ts'
import type { Keyring } from './keyring.ts'
import type { RequestInfo } from './options.ts'
import type { ServerSettings } from './readServerOptions.ts'
import type { createRoutes } from './routes.ts'
import type { RunningLogins } from './runLogins.ts'
import type { Sessions } from './sessions.ts'

/** What every endpoint is made of. */
export interface ServerContext {
  readonly settings: ServerSettings
  readonly logins: RunningLogins
  readonly sessions: Sessions
  /** Where the API's calls go. */
  readonly api: ReturnType<typeof createRoutes>
  readonly keyring: Keyring
  /** Aborted when the server stops. */
  readonly draining: AbortSignal
  /** The begun logins of the login under `name`. */
  attemptsOf(name: string): AttemptKeeper
  readonly cookies: {
    /** Between two steps of a login. */
    readonly pending: CookieSlot
    /** Between the logout here and the provider's. */
    readonly providerLogout: CookieSlot
  }
}

export type Endpoint = (context: ServerContext, request: Request, info: RequestInfo) => Promise<Response>
