import type { Clock } from '../base/clock.ts'
import type { ServerStore } from '../stores/serverStore.ts'

/** How late a stream may end whose session ended by time, or in another process. */
const CHECK_MS = 15_000
/** One answer of the store that is late makes no other late. */
const CHECKS_AT_ONCE = 32

interface OpenStreamsParts {
  readonly clock: Clock
  readonly isLiving: (key: string) => Promise<boolean>
  /** Tells of ends elsewhere, if it can. */
  readonly store: Pick<ServerStore, 'watch'>
}

/** What flows to one session. */
interface Streams {
  readonly stops: Set<() => void>
  readonly unwatch: (() => void) | undefined
}

/**
 * What flows to a page for longer than one answer takes: it ends with its session. `isLiving` is asked now and then, for
 * what ends elsewhere.
 */
export function createOpenStreams({ clock, isLiving, store }: OpenStreamsParts) {
  const open = new Map<string, Streams>()
  let disarm: (() => void) | undefined

  function arm() {
    disarm ??= clock.setTimer(() => void check(), CHECK_MS, 'background')
  }

  /** No timer runs for nobody. */
  function rest() {
    if (open.size > 0) return
    disarm?.()
    disarm = undefined
  }

  async function check() {
    disarm = undefined
    const keys = [...open.keys()].values()
    const lane = async () => {
      for (const key of keys) await checkOne(key)
    }
    await Promise.all(Array.from({ length: CHECKS_AT_ONCE }, lane))
    if (open.size > 0) arm()
  }

  async function checkOne(key: string) {
    // A store that does not answer ends nothing.
    const lives = await isLiving(key).catch(() => true)
    if (!lives) end(key)
  }

  /** The session of `key` is over. */
  function end(key: string) {
    for (const stop of open.get(key)?.stops ?? []) stop()
    close(key)
  }

  function close(key: string) {
    open.get(key)?.unwatch?.()
    open.delete(key)
    rest()
  }

  /** Calls `onEnd` once, when the session of `key` ends; until the answer is called. */
  function watch(key: string, onEnd: () => void): () => void {
    const isFirst = !open.has(key)
    const unwatch = isFirst ? store.watch?.(key, () => void checkOne(key)) : undefined
    const streams = open.get(key) ?? { stops: new Set<() => void>(), unwatch }
    open.set(key, streams)
    streams.stops.add(onEnd)
    arm()
    return () => {
      streams.stops.delete(onEnd)
      if (streams.stops.size === 0 && open.get(key) === streams) close(key)
    }
  }

  return { end, watch }
}
