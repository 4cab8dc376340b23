import type { SessionState } from '../../machines/session.select.ts'
import type { ModelSnapshot } from './createSessionModel.ts'
import type { ModelEventType } from './modelEvents.ts'
import type { ModelTransition } from './modelTransitions.ts'

/** One event of a path, and its effect. */
export interface ModelStep {
  /** The event. Every path begins with `start`: nothing has happened yet. */
  readonly event: ModelEventType | 'start'
  /** The row of the chart that the event takes; absent: only time passes. */
  readonly transition?: ModelTransition
  /** A check of the clock was due before this event. No session takes such a step, because it checks first. */
  readonly isOverdue?: true
  /** The state before it. */
  readonly from: SessionState
  /** The state after it, as `getSnapshot` returns it; its instants are on the model's timeline. */
  readonly to: SessionState
  /** The model after it. */
  readonly snapshot: ModelSnapshot
}
