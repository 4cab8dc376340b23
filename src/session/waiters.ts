import type { EventOf } from '../../machines/session.events.ts'

/** Who asks for a refresh. */
export type Asker = EventOf<'refresh.asked'>['by']

/** Those who wait, as one. */
export interface Waiting {
  readonly promise: Promise<string>
  /** The epoch that they came in; 0: before it was known whether there is a session. */
  readonly epoch: number
  /** When their patience ends. */
  readonly until: number
  /** For whom a refresh is to be asked for; `undefined`: they only wait for what comes. */
  by: Asker | undefined
}

interface Settleable extends Waiting {
  resolve(bearer: string): void
  reject(error: unknown): void
}

const RANKS: readonly (Asker | undefined)[] = [undefined, 'caller', 'user', 'force']

/** Everyone who waits for a bearer shares one promise and one deadline, however many they are. */
export function createWaiters(now: () => number, patienceMs: number) {
  let waiting: Settleable | undefined
  return {
    /** Those who wait; `undefined`: nobody does. */
    waiting: (): Waiting | undefined => waiting,
    /** The shared promise. The first who comes sets its deadline; the refresh is asked for whoever asks for most. */
    join(epoch: number, by?: Asker): Promise<string> {
      if (!waiting) {
        let settlers = {} as Pick<Settleable, 'resolve' | 'reject'>
        const promise = new Promise<string>((resolve, reject) => {
          settlers = { resolve, reject }
        })
        promise.catch(() => {})
        waiting = { promise, ...settlers, epoch, until: now() + patienceMs, by }
      }
      if (RANKS.indexOf(by) > RANKS.indexOf(waiting.by)) waiting.by = by
      return waiting.promise
    },
    /** Ends the wait with what `answer` gives, or throws. */
    settle(answer: () => string) {
      if (!waiting) return
      const { resolve, reject } = waiting
      waiting = undefined
      try {
        resolve(answer())
      } catch (error) {
        reject(error)
      }
    },
  }
}
