import type { SessionEvent } from '../../machines/session.events.ts'
import type { SessionState } from '../../machines/session.select.ts'
import { insist } from '../base/insist.ts'
import type { SessionRecord, SessionStoreCalls, StoredSession } from '../stores/store.ts'
import type { Settings } from './options.ts'
import { isTombstone } from './records.ts'

/** The chart that looks at the store. */
export interface LookingChart {
  state(): SessionState
  isRunning(): boolean
}

interface Surroundings {
  readonly settings: Settings
  readonly store: SessionStoreCalls
  /** Nobody knows yet what is stored. Stops the tries to find out. */
  unread: (() => void) | undefined
  now(): number
  send(event: SessionEvent): void
  /** The store did not answer. */
  unstored(): void
  /** Takes a newer version, or the end, of the present session. */
  reread(): Promise<unknown>
  restore(stored: SessionRecord): void
}

/** Reads the store, for a session or for changes of peers. The chart is pending until the first read. */
export async function lookIntoStore(of: Surroundings, chart: LookingChart): Promise<void> {
  if (!chart.state().isPending) await of.reread()
  if (chart.state().reason === null) return
  let hasFailed = false
  const stored = await of.store.read().catch(() => {
    hasFailed = true
    of.unstored()
    return undefined
  })
  const isKnown = hasFailed && chart.state().isPending && insistOn(of, chart)
  take(of, chart, stored, !hasFailed)
  await isKnown
}

/** It is known what is stored, or nobody wants to know it any more. */
export function stopLooking(of: Pick<Surroundings, 'unread'>): void {
  of.unread?.()
  of.unread = undefined
}

/** Takes what was read, if that is news. */
function take(
  of: Surroundings,
  chart: LookingChart,
  stored: StoredSession | null | undefined,
  isRead: boolean,
) {
  const { settings } = of
  const { reason, isPending, epoch } = chart.state()
  const isFirst = isPending || of.unread !== undefined
  if (isRead) stopLooking(of)
  // A login here came first.
  if (reason === null || !chart.isRunning()) return stopLooking(of)
  const isFound = stored && !isTombstone(stored) && Object.hasOwn(settings.strategies, stored.provider)
  // A peer's login: only if a coordinator prevents both from spending its token.
  if (isFound && (isFirst || (settings.coordinator && stored.epoch > epoch))) of.restore(stored)
  else if (isPending) of.send({ type: 'session.ended', reason: 'never', at: of.now() })
}

/** A store that is away at the start may hold a session: nobody is logged out for good because of it. */
const insistOn = (of: Surroundings, chart: LookingChart) =>
  new Promise<void>((over) => {
    const stopTrying = insist(of.settings.clock, async () => {
      const isOver = chart.state().reason === null || !chart.isRunning()
      take(of, chart, isOver ? null : await of.store.read(), true)
    })
    of.unread = () => {
      stopTrying()
      over()
    }
  })
