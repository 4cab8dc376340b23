import { isBrowser } from '#browser'
import { clampDelay, nextDeadline } from '../../machines/session.deadlines.ts'
import type { EventOf } from '../../machines/session.events.ts'
import { finite, NEVER } from '../../machines/session.instants.ts'
import type { SessionClock } from '../base/sessionClock.ts'
import type { MachineSnapshot } from './reading.ts'

/** The callers that wait. */
interface Waiting {
  /** Lets those go whose patience has ended. */
  settle(): void
}

/** One timer for the nearer of a session's two instants. */
export class Alarm {
  /** When the chart must look at the time. */
  deadline = NEVER
  /** When the patience of the waiting callers ends. Until then the timer keeps a Node process alive. */
  patience = NEVER
  /** Reminds the chart of its deadline: from the `alarm` actor, while it lives. */
  remind: ((event: EventOf<'time.checked'>) => void) | undefined
  #disarm: (() => void) | undefined
  readonly #clock: SessionClock
  readonly #waiting: Waiting

  constructor(clock: SessionClock, waiting: Waiting) {
    this.#clock = clock
    this.#waiting = waiting
  }

  /**
   * Replaces an instant. `NEVER`, and a value that is no number, set no alarm. A far instant is reached in several
   * steps.
   */
  set(instant: 'deadline' | 'patience', at: number): void {
    const next = finite(at)
    if (next === this[instant]) return
    this[instant] = next
    this.#arm()
  }

  /** The chart has a new deadline. Without its `alarm` actor nobody reminds it. */
  follow({ value, context, status }: MachineSnapshot): void {
    this.set('deadline', this.remind && status === 'active' ? nextDeadline(value, context) : NEVER)
  }

  #arm() {
    const clock = this.#clock
    this.#disarm?.()
    this.#disarm = undefined
    const nearest = Math.min(this.deadline, this.patience)
    if (nearest >= NEVER) return
    // A page has no process that a timer could keep alive.
    const kind = !isBrowser && this.patience < NEVER ? 'foreground' : 'background'
    this.#disarm = clock.setTimer(() => this.#ring(), clampDelay(nearest - clock.now()), kind)
  }

  #ring() {
    this.#disarm = undefined
    const at = this.#clock.now()
    if (this.patience <= at) {
      this.patience = NEVER
      this.#waiting.settle()
    }
    if (this.deadline <= at) {
      this.deadline = NEVER
      this.remind?.({ type: 'time.checked', at })
    }
    this.#arm()
  }
}
