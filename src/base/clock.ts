/** The only source of time and timers. Inject your own in tests. */
export interface Clock {
  /** Wall clock, milliseconds since the Unix epoch. May jump in both directions. */
  wall(): number
  /** Monotonic clock, milliseconds since some fixed point. May stand still while the machine sleeps. */
  monotonic(): number
  /**
   * Calls `fire` once after `delayMs` and returns a function that disarms it.
   * A `background` timer does not keep a Node process alive.
   */
  setTimer(fire: () => void, delayMs: number, kind: 'background' | 'foreground'): () => void
}

/** The clock of the platform. No other file of this package reads time. */
export const systemClock: Clock = {
  wall: () => Date.now(),
  monotonic: () => performance.now(),
  setTimer(fire, delayMs, kind) {
    const timer: unknown = setTimeout(fire, delayMs)
    if (kind === 'background') (timer as { unref?: () => void }).unref?.()
    return () => clearTimeout(timer as ReturnType<typeof setTimeout>)
  },
}
