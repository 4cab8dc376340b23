import type { Trace, TraceEntry, TraceStart } from '../session/trace.ts'
import { chartAfter, chartAt, eventOf, startOf } from './chart.ts'

/** The last entries of one session, as JSON: bounded in their number and in their bytes. */
export function createRing(maxEntries: number, maxBytes: number) {
  const texts: string[] = []
  let bytes = 0
  let dropped = 0
  let end: TraceStart | undefined

  const read = (at: number) => JSON.parse(texts[at] as string) as TraceEntry

  function take(at: number, ...instead: string[]) {
    for (const gone of texts.splice(at, 1, ...instead)) bytes -= gone.length
    for (const text of instead) bytes += text.length
  }

  /** Drops the oldest. What an event did to the start is worked out from it: the rest can be replayed all the same. */
  function dropOldest() {
    dropped++
    const first = read(0)
    if (!('start' in first) || texts.length < 2) return take(0)
    const second = read(1)
    if ('start' in second) return take(0)
    take(1)
    if (!('event' in second)) return
    try {
      const start = startOf(chartAfter(chartAt(first.start), eventOf(second.event)))
      take(0, JSON.stringify({ start }))
    } catch {
      // Somebody sent the chart what is no event of it. What follows cannot be replayed from here.
      dropped += texts.length
      texts.length = 0
      bytes = 0
    }
  }

  return {
    /** Whether it is known where the chart was. */
    isBegun: () => texts.some((text) => text.startsWith('{"start"')),
    /** `now`: the chart after it, where the entry is of the chart. */
    add(entry: TraceEntry, now = end) {
      end = now
      const text = JSON.stringify(entry)
      // The chart started again, and nothing had happened to it.
      if ('start' in entry && texts.at(-1) === text) return
      texts.push(text)
      bytes += text.length
      while (texts.length > maxEntries || (bytes > maxBytes && texts.length > 1)) dropOldest()
    },
    trace: (): Trace => ({
      format: 'xstate-session trace',
      version: 1,
      dropped,
      entries: texts.map((_, at) => read(at)),
      ...(end && { end }),
    }),
  }
}

export type Ring = ReturnType<typeof createRing>
