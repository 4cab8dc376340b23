import type { AttemptKeeper } from './attempts.ts'
import type { CookieSlot } from './cookieSlot.ts'
import type { Keyring } from './keyring.ts'
import type { RequestInfo } from './options.ts'
import type { ServerSettings } from './readServerOptions.ts'
import type { createRoutes } from './routes.ts'
import type { RunningLogins } from './runLogins.ts'
import type { Sessions } from './sessions.ts'

/** The parts that every endpoint uses. */
export interface ServerContext {
  readonly settings: ServerSettings
  readonly logins: RunningLogins
  readonly sessions: Sessions
  /** The targets of the API's calls. */
  readonly api: ReturnType<typeof createRoutes>
  readonly keyring: Keyring
  /** Aborted when the server stops. */
  readonly draining: AbortSignal
  /** Aborted when a stop has waited for long enough. */
  readonly overdue: AbortSignal
  /** The attempts to log in by the login `name`. */
  attemptsOf(name: string): AttemptKeeper
  readonly cookies: {
    /** Data between two steps of a login. */
    readonly pending: CookieSlot
    /** Data between the logout here and the provider's logout. */
    readonly providerLogout: CookieSlot
  }
}

export type Endpoint = (context: ServerContext, request: Request, info: RequestInfo) => Promise<Response>
