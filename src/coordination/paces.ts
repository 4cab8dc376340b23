import type { RefreshOutcome } from '../session/strategy.ts'

/** How fast tokens may be sent to each origin. */
export interface Paces {
  /** 0: `key` may be sent to `origin` now; else its place in the line, in milliseconds from now. */
  enter(origin: string, key: string, isEarly: boolean): number | Promise<number>
  /** A send that was made at `sentAt`, on the monotonic clock, has an outcome. */
  learn(origin: string, outcome: RefreshOutcome, sentAt: number): void
}
