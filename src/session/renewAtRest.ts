import { endOfRefreshing, refreshingAtOnce, renewedAtOnce } from '../../machines/session.atRest.ts'
import { clampDelay } from '../../machines/session.deadlines.ts'
import type { EventOf, SessionEvent } from '../../machines/session.events.ts'
import { isServedAt } from '../../machines/session.select.ts'
import type { Position } from '../../machines/session.types.ts'
import type { SessionRecord } from '../stores/store.ts'
import { Holding } from './holding.ts'
import type { SessionNotice } from './notice.ts'
import { inputOf, type Settings } from './options.ts'
import type { Send } from './port.ts'

/** What a renewal brought. */
export interface Renewed {
  readonly bearer: string
  readonly position: Position
}

/** An attempt that began without a chart. A chart that is started with it goes on with it. */
export interface Resumed extends Pick<EventOf<'session.started'>, 'at' | 'facts'> {
  readonly holding: Holding
  /** Reports the result of the attempt to the chart. The result may be there already. */
  join(answer: Send): void
}

/** A renewal without a chart. */
export interface RenewalAtRest {
  /** Resolves to what it brought; `undefined`: a chart is needed from here on, and resumes it. */
  readonly landed: Promise<Renewed | undefined>
  /** When the patience of the waiting callers ends, on the session's timeline. */
  readonly until: number
  resume(): Resumed
}

interface Options {
  readonly settings: Settings
  /** As it was read from the store a moment ago. */
  readonly record: SessionRecord
  notify(notice: SessionNotice): void
  /** Whether a renewal is not written down yet: its session must stay awake. */
  isOwed(): boolean
  /** Starts a chart, which resumes the attempt. When this returns, the chart must have everything that is known so far. */
  wake(): void
}

/**
 * Renews a resting session as its chart would, at a fraction of the cost. It handles only the expected case: the session
 * is due and in no trouble, and one attempt brings a bearer. In every other case a chart is started, and resumes the
 * attempt. `undefined`: nothing was done, because the chart would not begin an attempt now.
 */
export function renewAtRest({ settings, record, notify, isOwed, wake }: Options): RenewalAtRest | undefined {
  if (!Object.hasOwn(settings.strategies, record.provider)) return undefined
  const holding = new Holding(settings)
  const { clock, vault } = holding
  const notices: SessionNotice[] = []
  let started: EventOf<'session.started'> | undefined
  const isUserActive = () => false
  holding.told = {
    isUserActive,
    notify: (notice) => void notices.push(notice),
    send: (event) => {
      if (event.type === 'session.started') started = event
    },
  }
  holding.shared?.restore(record)
  const found = started as EventOf<'session.started'> | undefined
  const context = found && refreshingAtOnce(inputOf(settings), found.facts, found.at)
  if (!context) return undefined

  const { at, facts } = found
  const until = at + settings.patienceMs
  /** What came of the attempt, for a chart that is not there yet. */
  const unheard: SessionEvent[] = []
  let toChart: Send = (event) => void unheard.push(event)
  let isOver = false
  let land: (renewed: Renewed | undefined) => void = () => {}
  const landed = new Promise<Renewed | undefined>((resolve) => {
    land = resolve
  })

  const end = (renewed?: Renewed) => {
    isOver = true
    disarm()
    land(renewed)
  }

  const answer = (event: SessionEvent) => {
    const after = isOver ? undefined : renewedAtOnce(context, event)
    const { bearer } = vault.tokens()
    if (after && bearer !== undefined && isServedAt({ context: after }, clock.now()) && !isOwed()) {
      const position = vault.position()
      toChart(event)
      notify({ type: 'refreshed', ...position })
      return end({ bearer, position })
    }
    toChart(event)
    if (!isOver) wake()
  }

  for (const notice of notices) notify(notice)
  notify({ type: 'nearingExpiry', ...vault.position() })
  holding.told = { isUserActive, notify, send: answer }
  const dueAt = Math.min(endOfRefreshing(context), until)
  const disarm = clock.setTimer(wake, clampDelay(dueAt - at), 'foreground')
  const { epoch, version, doubt, bearer, isHurried, rejections } = context
  const why = { doubt, isSpent: bearer !== 'good', isHurried, rejections, isRead: true }
  holding.start({ epoch, version }, why, answer)

  return {
    landed,
    until,
    resume() {
      end()
      return {
        holding,
        at,
        facts,
        join(hear) {
          toChart = hear
          for (const event of unheard) hear(event)
        },
      }
    },
  }
}
