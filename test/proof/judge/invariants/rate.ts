import { type Bench, type Monitor, processOf } from '../judge.ts'

const WINDOW_MS = 60_000
/** Refusals back off from half a second up to a minute, each copy of a session by itself: so many fit into the first. */
const BACKOFFS = 7
/** What a limiter says is heard of by then: a store takes so long. */
const HEARD_MS = 5_000

/** I12: no more refreshes within a minute than their distance and their backoff permit, and none that a limiter forbids. */
export function rate({ report, now, pace, leeway }: Bench): Monitor {
  if (!pace) return { memory: () => [] }
  const most = Math.ceil(WINDOW_MS / pace.floorMs) + 1 + BACKOFFS * pace.copies
  const limits = new Map<string, { readonly since: number; readonly until: number }>()
  let times: number[] = []
  return {
    on: {
      sent({ send: { by, family } }) {
        times = [...times.filter((at) => at > now() - WINDOW_MS), now()]
        if (times.length > most) report('I12', `${times.length} refreshes within a minute`)
        const { since, until } = limits.get(processOf(by)) ?? { since: 0, until: 0 }
        const at = leeway.ticks(processOf(by))
        // A logout is no refresh of a session.
        if (!family.isLeaving && at > since + HEARD_MS && at < until)
          report('I12', `${by} refreshes though the limiter said to wait`)
      },
      limited({ by, waitMs }) {
        const at = leeway.ticks(processOf(by))
        const before = limits.get(processOf(by))
        const since = before && before.until > at ? before.since : at
        limits.set(processOf(by), { since, until: Math.max(before?.until ?? 0, at + waitMs) })
      },
      crashed: ({ by }) => void limits.delete(by),
    },
    memory: () => [times, ...limits],
  }
}
