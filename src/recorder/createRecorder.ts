import type { AnyActorRef, SnapshotFrom } from 'xstate'
import type { sessionMachine } from '../../machines/session.machine.ts'
import { Misconfigured } from '../base/errors.ts'
import { shown } from '../inspect/shown.ts'
import { events } from '../inspect/vocabulary.ts'
import type { SessionRecorder } from '../session/recorder.ts'
import type { TraceEntry } from '../session/trace.ts'
import { startOf } from './chart.ts'
import { notices } from './noticeWords.ts'
import { createRing, type Ring } from './ring.ts'

/** The limits of a recorder. */
export interface RecorderOptions {
  /** The last entries of one session that are kept. @default 200 */
  readonly maxEntries?: number
  /** The characters of one session's entries as JSON; at least 1 000. @default 8_192 */
  readonly maxBytes?: number
  /** The sessions of a server that are kept, the last active ones. A page has one. @default 1_000 */
  readonly maxSessions?: number
}

const OF_A_PAGE = ''

/**
 * Keeps the last events and notices of a session, or of each session of a server, in memory. The chart is a pure
 * function of its events, so they explain its present state: `npx xstate-session replay` plays them, and `replayTrace`
 * plays them in a test. Throws `Misconfigured` for invalid limits.
 *
 * It keeps only numbers, flags and words of this package, whatever else an event or a notice holds. On a page give each
 * session its own recorder.
 *
 * @example
 * const recorder = createRecorder()
 * const session = createBffSession({ recorder })
 * const text = JSON.stringify(recorder.trace())
 */
export function createRecorder({
  maxEntries = 200,
  maxBytes = 8_192,
  maxSessions = 1_000,
}: RecorderOptions = {}): SessionRecorder {
  const bounds = { maxEntries: [maxEntries, 2], maxBytes: [maxBytes, 1_000], maxSessions: [maxSessions, 1] }
  for (const [name, [given, least]] of Object.entries(bounds) as [string, [number, number]][])
    if (!(Number.isSafeInteger(given) && given >= least))
      throw new Misconfigured(`Option "${name}" must be a whole number, ${least} or more.`)
  const rings = new Map<string, Ring>()

  /** The ring of a session. If there are too many, the one without events for the longest time is dropped. */
  function ringOf(session: string): Ring {
    const ring = rings.get(session) ?? createRing(maxEntries, maxBytes)
    rings.delete(session)
    rings.set(session, ring)
    for (const oldest of rings.keys()) {
      if (rings.size <= maxSessions) break
      rings.delete(oldest)
    }
    return ring
  }

  return {
    attach(chart, session = OF_A_PAGE) {
      const actorRef = chart as AnyActorRef
      let known = ''
      function take(type: string, event: object, snapshot: SnapshotFrom<typeof sessionMachine>) {
        const ring = ringOf(session)
        const start = startOf(snapshot)
        const now = JSON.stringify(start)
        const fields = Object.hasOwn(events, type) ? events[type] : undefined
        const isBeginning = type === 'xstate.init' || !ring.isBegun()
        if (now === known && !isBeginning) return
        const entry =
          isBeginning || !fields
            ? { start }
            : { event: { type, ...shown(event, fields) }, state: snapshot.value }
        ring.add(entry as TraceEntry, start)
        known = now
      }
      const observing = actorRef.system.inspect((seen) => {
        if (seen.actorRef !== actorRef || seen.type !== '@xstate.snapshot') return
        take(seen.event.type, seen.event, seen.snapshot as SnapshotFrom<typeof sessionMachine>)
      })
      const stop = () => observing.unsubscribe()
      // A session that is started again is attached again.
      actorRef.subscribe({ complete: stop, error: stop })
    },
    note(notice, at, session = OF_A_PAGE) {
      const fields = Object.hasOwn(notices, notice.type) ? notices[notice.type] : undefined
      if (fields) ringOf(session).add({ at, notice: { type: notice.type, ...shown(notice, fields) } })
    },
    trace: (session = OF_A_PAGE) => rings.get(session)?.trace(),
  }
}
