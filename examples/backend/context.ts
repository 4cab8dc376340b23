import type { HttpBindings } from '@hono/node-server'
import type { Knobs } from './knobs.ts'
import type { Limiter } from './limiter.ts'
import type { OpenidClient } from './openidClient.ts'
import type { Presentation, PresentationLog } from './presentations.ts'
import type { SessionStore } from './sessions.ts'
import type { SsoFlows } from './ssoFlows.ts'
import type { Tokens } from './tokens.ts'
import type { User, UserStore } from './users.ts'

/** Everything the routes share. */
export interface BackendContext {
  readonly url: string
  readonly panelUrl: string
  readonly knobs: Knobs
  readonly now: () => number
  readonly users: UserStore
  readonly sessions: SessionStore
  readonly tokens: Tokens
  readonly limiter: Limiter
  readonly openid: OpenidClient
  /** Google, as the backend's client of it: an OpenID provider, too. */
  readonly google: OpenidClient
  readonly flows: SsoFlows
  readonly presentations: PresentationLog
}

export interface BackendEnv {
  Bindings: HttpBindings
  Variables: {
    /** From the header on pre-auth routes. */
    tenant: string | undefined
    /** Set by the bearer check. */
    user: User
    /** Set on the refresh routes when a refresh token came. */
    presentation: Presentation | undefined
  }
}
