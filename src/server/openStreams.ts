import type { Clock } from '../base/clock.ts'
import { LoggedOut } from '../base/errors.ts'

/** How late a stream may end whose session ended by time, or in another process. */
const CHECK_MS = 15_000

/**
 * What flows to a page for longer than one answer takes: it ends with its session. `isLiving` is asked now and then, for
 * what ends elsewhere.
 */
export function createOpenStreams(clock: Clock, isLiving: (key: string) => Promise<boolean>) {
  const open = new Map<string, Set<() => void>>()
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
    for (const key of [...open.keys()]) {
      // A store that does not answer ends nothing.
      const lives = await isLiving(key).catch(() => true)
      if (!lives) end(key)
    }
    if (open.size > 0) arm()
  }

  /** The session of `key` is over. */
  function end(key: string) {
    for (const stop of open.get(key) ?? []) stop()
    open.delete(key)
    rest()
  }

  /** Calls `onEnd` once, when the session of `key` ends; until the answer is called. */
  function watch(key: string, onEnd: () => void): () => void {
    const watchers = open.get(key) ?? new Set()
    open.set(key, watchers)
    watchers.add(onEnd)
    arm()
    return () => {
      watchers.delete(onEnd)
      if (watchers.size === 0 && open.get(key) === watchers) open.delete(key)
      rest()
    }
  }

  /**
   * A body that breaks off when the session of `key` ends: one that closes would look complete. Nobody watches for a body
   * that nobody reads.
   */
  function guarded(key: string, body: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
    const reader = body.getReader()
    let unwatch: (() => void) | undefined
    return new ReadableStream<Uint8Array>(
      {
        async pull(controller) {
          unwatch ??= watch(key, () => {
            controller.error(new LoggedOut('elsewhere'))
            reader.cancel().catch(() => {})
          })
          try {
            const { done, value } = await reader.read()
            if (!done) return controller.enqueue(value)
            unwatch()
            controller.close()
          } catch (error) {
            unwatch()
            throw error
          }
        },
        cancel(reason) {
          unwatch?.()
          return reader.cancel(reason)
        },
      },
      { highWaterMark: 0 },
    )
  }

  return { end, watch, guarded }
}
