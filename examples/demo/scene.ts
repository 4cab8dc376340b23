import type { Backend } from '../backend/startBackend.ts'
import type { Admin } from './admin.ts'
import type { Check, Seen } from './evidence.ts'
import type { Timeline } from './timeline.ts'
import type { Waits } from './waits.ts'

export interface Stage extends Waits {
  readonly backend: Backend
  readonly timeline: Timeline
  /** Logs in with e-mail and password; a timer renews her session, as in a browser. */
  readonly ada: Admin
  /** Logs in through the OpenID provider; the next caller renews her session, as on a server. */
  readonly olga: Admin
}

export interface Scene {
  readonly name: string
  /** What is about to happen, and why it matters. */
  readonly intro: string
  play(stage: Stage): Promise<void>
  /** Compares what the sessions say of themselves, their notices, and the backend's log. */
  check(seen: Seen): Check[]
}
