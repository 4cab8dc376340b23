import type { SessionState } from '../../machines/session.select.ts'
import type { ModelSnapshot } from './createSessionModel.ts'
import type { ModelEventType } from './modelEvents.ts'
import type { ModelTransition } from './modelTransitions.ts'

/** One event of a path, and what it does. */
export interface ModelStep {
  /** `start`: nothing has happened yet. Every path begins with it. */
  readonly event: ModelEventType | 'start'
  /** The row of the chart that is taken; absent where only time passes. */
  readonly transition?: ModelTransition
  /** A look at the clock would have led on, and this is none: no session does it, for each looks first. */
  readonly isOverdue?: true
  /** The state before it. */
  readonly from: SessionState
  /** What the session is after it, as `getSnapshot` tells it; instants are those of the model. */
  readonly to: SessionState
  /** The model after it. */
  readonly snapshot: ModelSnapshot
}
