import type { Clock } from '../base/clock.ts'
import type { ServerStore } from '../stores/serverStore.ts'

/** How late a stream may end if its session ended by a limit or in another process. */
const CHECK_MS = 15_000
/** One late answer of the store must not delay the others. */
const CHECKS_AT_ONCE = 32

interface OpenStreamsParts {
  readonly clock: Clock
  readonly isLiving: (key: string) => Promise<boolean>
  /** Reports ends in other processes, if it can. */
  readonly store: Pick<ServerStore, 'watch'>
}

/** The streams of one session. */
interface Streams {
  readonly stops: Set<() => void>
  readonly unwatch: (() => void) | undefined
}

/**
 * Streams to a page that last longer than one answer. They end with their session. `isLiving` is called from time to
 * time, because sessions also end elsewhere.
 */
export function createOpenStreams({ clock, isLiving, store }: OpenStreamsParts) {
  const open = new Map<string, Streams>()
  let disarm: (() => void) | undefined

  function arm() {
    disarm ??= clock.setTimer(() => void check(), CHECK_MS, 'background')
  }

  /** No timer runs while there are no streams. */
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

  /** The session of `key` has ended. */
  function end(key: string) {
    for (const stop of open.get(key)?.stops ?? []) stop()
    close(key)
  }

  function close(key: string) {
    open.get(key)?.unwatch?.()
    open.delete(key)
    rest()
  }

  /** Calls `onEnd` once, when the session of `key` ends. The returned function stops this. */
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
