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
  /** Tells the chart what comes of the attempt, which may have come already. */
  join(answer: Send): void
}

/** A renewal without a chart. */
export interface RenewalAtRest {
  /** Resolves to what it brought; `undefined`: from here on a chart is needed, which resumes it. */
  readonly landed: Promise<Renewed | undefined>
  /** Until when those who wait do so, on the session's timeline. */
  readonly until: number
  resume(): Resumed
}

interface Options {
  readonly settings: Settings
  /** As the store told it a moment ago. */
  readonly record: SessionRecord
  notify(notice: SessionNotice): void
  /** Whether a renewal is not written down yet: its session must stay awake. */
  isOwed(): boolean
  /** Starts a chart, which resumes the attempt. It must have heard all there is when this returns. */
  wake(): void
}

/**
 * Renews a session that rests, as its chart would at a multiple of the cost. Only the expected is done here: the session
 * is in no trouble and due, and one attempt brings a bearer. Whatever else happens is for a chart, which is started with
 * the attempt as it stands. `undefined`: nothing was done, since the chart would do anything but begin an attempt.
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
