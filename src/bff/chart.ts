import type { SessionEvent } from '../../machines/session.events.ts'
import { NEVER } from '../../machines/session.instants.ts'
import { isServedAt, mayBringBearer, type SessionState } from '../../machines/session.select.ts'
import { RefreshUnavailable, SessionChanged } from '../base/errors.ts'
import { orAborted } from '../base/orAborted.ts'
import { createSessionClock } from '../base/sessionClock.ts'
import { Alarm } from '../session/alarm.ts'
import { endOfSession, type RuntimeStatus } from '../session/endings.ts'
import type { Notice } from '../session/notice.ts'
import { Notifier } from '../session/notifier.ts'
import type { Send } from '../session/port.ts'
import { type MachineSnapshot, Reading } from '../session/reading.ts'
import type { SessionActorRef } from '../session/session.ts'
import { type BffSettings, inputOf } from './options.ts'

interface Caller {
  /** When its patience ends. */
  readonly until: number
  isOpen(until: number): boolean
  leave(): void
}

export type Chart = ReturnType<typeof createChart>

/** The running chart: its state, its looks at the time, and the callers that wait for it. */
export function createChart(actorRef: SessionActorRef, settings: BffSettings) {
  const clock = createSessionClock(settings.clock)
  const now = () => clock.now()
  const reading = new Reading(actorRef)
  const notifier = new Notifier(settings, reading)
  const alarm = new Alarm(clock, { settle })
  /** The callers that wait for a change, the first one first. */
  let waiting: readonly Caller[] = []
  let status: RuntimeStatus = 'stopped'

  /** From the `runtime` actor, as soon as there is one, so that an inspector sees the sender. */
  let toChart: Send = (event) => actorRef.send(event)

  const isRunning = () => status === 'running'
  const isUsable = () => isServedAt(reading.snapshot, now())
  const notify = (notice: Notice) => {
    const { epoch, version } = reading.state
    notifier.notify({ epoch, version, ...notice })
  }

  function send(event: SessionEvent) {
    if (isRunning()) toChart(event)
  }

  function changed() {
    settle()
    notifier.changed()
  }

  function observe(next: MachineSnapshot) {
    if (reading.take(next) && isRunning()) changed()
  }

  /** Called for every snapshot of the chart, ignored events included. */
  function next(snapshot: MachineSnapshot) {
    observe(snapshot)
    alarm.follow(snapshot)
  }

  /** A parent machine learns of a change before this does, and may call at once. */
  function read(): SessionState {
    observe(actorRef.getSnapshot())
    return reading.state
  }

  /** Lets the callers go whose wait is over. */
  function settle() {
    waiting = waiting.filter(
      ({ until, isOpen, leave }) => (isRunning() && now() < until && isOpen(until)) || leave(),
    )
    alarm.set('patience', waiting[0]?.until ?? NEVER)
  }

  /** Resolves when `isOpen` does not hold, when the session stops, or after the patience of its caller. */
  const wait = (isOpen: Caller['isOpen']): Promise<void> =>
    new Promise((leave) => {
      waiting = [...waiting, { until: now() + settings.patienceMs, isOpen, leave }]
      settle()
    })

  /** Throws if the session has ended, or is over for its callers in another way. */
  function refuse(more?: Error | false) {
    const end = endOfSession(status, reading.state) ?? more
    if (end) throw end
  }

  /** The chart failed and reacts to nothing any more: the session is over. */
  function fail() {
    status = 'failed'
    next(actorRef.getSnapshot())
    notify({ type: 'expired', reason: 'internal' })
    changed()
  }

  return {
    clock,
    now,
    send,
    notify,
    isRunning,
    read,
    alarm,
    subscribe: (listener: (state: SessionState) => void) => notifier.subscribe(listener),
    initial: () => reading.initial(),
    /** The actor belongs to a parent and lives on, but its session is over. */
    leave() {
      toChart({ type: 'session.ended', reason: 'never', at: now() })
      alarm.follow(actorRef.getSnapshot())
    },
    /** The login is unknown again: the chart starts over. */
    startOver: () => send({ type: 'session.restored', at: now(), input: inputOf(settings) }),
    /** Waits until it is known whether there is a session. Rejects if there is none. */
    async ready(signal?: AbortSignal | null): Promise<void> {
      if (read().isPending)
        await orAborted(
          wait(() => reading.state.isPending),
          signal,
        )
      refuse(reading.state.isPending && new RefreshUnavailable(undefined))
    },
    /** Waits for the result of the refresh that was asked for. Rejects with the reason why the session does not serve. */
    async refreshed(): Promise<void> {
      const { epoch } = read()
      const isOwn = () => reading.state.epoch === epoch
      await wait(
        (until) =>
          isOwn() &&
          (reading.snapshot.value === 'refreshing' || !isUsable()) &&
          mayBringBearer(reading.snapshot, until),
      )
      refuse(!isOwn() && new SessionChanged())
      const { retryAt } = reading.state
      // The catcher compares it with the wall clock, which may differ from the session's time.
      if (!isUsable()) throw new RefreshUnavailable(retryAt && retryAt - now() + settings.clock.wall())
    },
    /** The actor was started, and with it the actor of `sendBack`. Returns the function to call when it stops. */
    attach(sendBack: Send): () => void {
      toChart = sendBack
      status = 'running'
      settings.recorder?.attach(actorRef)
      const subscriptions = [
        actorRef.subscribe({ next, error: fail }),
        actorRef.on('*', (notice) => notifier.notify(notice)),
      ]
      read()
      return () => {
        for (const subscription of subscriptions) subscription.unsubscribe()
        if (isRunning()) status = 'stopped'
        settle()
      }
    },
  }
}
