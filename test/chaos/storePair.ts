/** A store with a replica, and what may go wrong with it. */
export interface StorePair {
  /** Where its clients find whichever is the primary. */
  readonly url: string
  freeze(): void
  thaw(): void
  /** Nobody gets through, until `mend`. */
  cut(): void
  mend(): void
  slow(ms: number): void
  empty(): Promise<unknown>
  kill(): Promise<void>
  restart(): Promise<void>
  /** The replica takes over with what it has got until `behindMs` ago; the primary follows it from then on. */
  failOver(behindMs: number): Promise<void>
  close(): void
}
