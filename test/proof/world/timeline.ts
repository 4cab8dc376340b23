/** What is to happen at an instant. */
export interface Due {
  readonly at: number
  /** Whose it is. */
  readonly owner: string
  readonly kind: 'background' | 'foreground'
  /** Where in the sources it was armed, where somebody wants to know. */
  readonly place?: (() => string | undefined) | undefined
  run(): void | Promise<void>
}

/** So much does not happen at one instant, unless something is due now again and again. */
const MAX_AT_ONCE = 10_000

export type Timeline = ReturnType<typeof createTimeline>

/**
 * Virtual time, milliseconds from 0, and everything that is due. It stands still until somebody takes what is due: tests
 * and simulation take the next, the checker any that could be next.
 */
export function createTimeline() {
  let now = 0
  let atOnce = 0
  /** The next one last: most of what is armed is due soon. Of two for one instant, the one armed first comes first. */
  let armed: Due[] = []

  /** Before it are those that come later. */
  function placeOf(at: number): number {
    let low = 0
    let high = armed.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((armed[middle] as Due).at > at) low = middle + 1
      else high = middle
    }
    return low
  }

  function disarm(due: Due): void {
    if (armed.at(-1) === due) return void armed.pop()
    const place = armed.indexOf(due, placeOf(due.at))
    if (place >= 0) armed.splice(place, 1)
  }

  function set(ms: number): void {
    if (ms <= now) return
    now = ms
    atOnce = 0
  }

  return {
    now: () => now,
    /** It is this late now, and nothing has happened for it. */
    set,
    /** At once, if `at` is past. Answers what calls it off. */
    arm(due: Due): () => void {
      const one = due.at < now ? { ...due, at: now } : due
      armed.splice(placeOf(one.at), 0, one)
      return () => disarm(one)
    },
    next: () => armed.at(-1),
    /** All that is armed, the next one first. */
    armed: (): readonly Due[] => armed.toReversed(),
    /** It is as late as `due` then, which cannot be called off any more. Whoever takes it runs it. */
    take(due: Due): Due {
      disarm(due)
      set(due.at)
      atOnce += 1
      return due
    },
    /** Something new is due at the same instant each time: time would stand still for ever. */
    isCircling: () => atOnce > MAX_AT_ONCE,
    /** Calls off all that is of `owner`. */
    drop(owner: string) {
      armed = armed.filter((due) => due.owner !== owner)
    },
  }
}
