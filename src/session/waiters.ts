import type { SessionContext } from '../../machines/session.context.ts'
import type { EventOf } from '../../machines/session.events.ts'

/** Who asks for a refresh. */
export type Asker = EventOf<'refresh.asked'>['by']

/** All waiting callers together. */
export interface Waiting {
  readonly promise: Promise<string>
  /** Their epoch; 0: they came before it was known whether there is a session. */
  readonly epoch: number
  /** When their patience ends. */
  readonly until: number
  /** For whom to ask for a refresh. */
  by: Asker
  wish: Wish
}

/** When a refresh was asked for, and the bearer that it was to replace. */
export interface Wish extends Pick<SessionContext, 'epoch' | 'bearerVersion' | 'floorAt'> {
  readonly at: number
}

interface Settleable extends Waiting {
  resolve(bearer: string): void
  reject(error: unknown): void
}

const RANKS: readonly Asker[] = ['caller', 'user', 'force']

/** All callers that wait for a bearer share one promise and one deadline. */
export class Waiters {
  #waiting: Settleable | undefined

  /** The waiting callers; `undefined`: there are none. */
  waiting(): Waiting | undefined {
    return this.#waiting
  }

  /** The shared promise. The first caller sets its deadline. The refresh is asked for the strongest request. */
  join(epoch: number, by: Asker, until: number, wish: Wish): Promise<string> {
    let waiting = this.#waiting
    if (!waiting) {
      let settlers = {} as Pick<Settleable, 'resolve' | 'reject'>
      const promise = new Promise<string>((resolve, reject) => {
        settlers = { resolve, reject }
      })
      promise.catch(() => {})
      waiting = { promise, ...settlers, epoch, until, by, wish }
      this.#waiting = waiting
    }
    if (RANKS.indexOf(by) > RANKS.indexOf(waiting.by)) {
      waiting.by = by
      waiting.wish = wish
    }
    return waiting.promise
  }

  /** Ends the wait with the result of `answer`, or with its error. */
  settle(answer: () => string): void {
    const waiting = this.#waiting
    this.#waiting = undefined
    try {
      waiting?.resolve(answer())
    } catch (error) {
      waiting?.reject(error)
    }
  }
}
