import type { Trace, TraceEntry, TraceStart } from '../session/trace.ts'
import { chartAfter, chartAt, eventOf, startOf } from './chart.ts'

/** The last entries of one session, as JSON: limited in number and bytes. */
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

  /** Drops the oldest entry. If it is an event, it is applied to the start first, so the rest can still be replayed. */
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
      // The chart got an invalid event. The following entries cannot be replayed from here.
      dropped += texts.length
      texts.length = 0
      bytes = 0
    }
  }

  return {
    /** Whether the start of the chart is known. */
    isBegun: () => texts.some((text) => text.startsWith('{"start"')),
    /** `now`: the chart after the entry, if the entry is of the chart. */
    add(entry: TraceEntry, now = end) {
      end = now
      const text = JSON.stringify(entry)
      // The chart started again without any event in between.
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
