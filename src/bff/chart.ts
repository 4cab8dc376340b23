import type { SessionEvent } from '../../machines/session.events.ts'
import { isServedAt, mayBringBearer, type SessionState } from '../../machines/session.select.ts'
import { RefreshUnavailable, SessionChanged } from '../base/errors.ts'
import { orAborted } from '../base/orAborted.ts'
import { createSessionClock } from '../base/sessionClock.ts'
import { createAlarm } from '../session/alarm.ts'
import { endOfSession, type RuntimeStatus } from '../session/endings.ts'
import type { Notice } from '../session/notice.ts'
import { createNotifier } from '../session/notifier.ts'
import type { Send } from '../session/port.ts'
import { createReading, type MachineSnapshot } from '../session/reading.ts'
import type { SessionActorRef } from '../session/session.ts'
import { type Asker, createWaiters } from '../session/waiters.ts'
import { type BffSettings, inputOf } from './options.ts'

export type Chart = ReturnType<typeof createChart>

/** The running chart: its state, its looks at the time, and the callers that wait for it. */
export function createChart(actorRef: SessionActorRef, settings: BffSettings) {
  const clock = createSessionClock(settings.clock)
  const { now } = clock
  const reading = createReading(actorRef)
  const waiters = createWaiters(now, settings.patienceMs)
  const notifier = createNotifier(settings, reading.state)
  const alarm = createAlarm(clock)
  const patience = alarm.hand('foreground', settle)
  let status: RuntimeStatus = 'stopped'

  /** From the `runtime` actor, as soon as there is one, so that an inspector sees the sender. */
  let toChart: Send = (event) => actorRef.send(event)

  const isRunning = () => status === 'running'
  const ending = () => endOfSession(status, reading.state())
  const notify = (notice: Notice) => {
    const { epoch, version } = reading.state()
    notifier.notify({ epoch, version, ...notice })
  }

  function send(event: SessionEvent) {
    if (isRunning()) toChart(event)
  }

  /** Called for every snapshot of the chart, ignored events included. */
  function observe(next: MachineSnapshot) {
    if (!reading.take(next)) return
    settle()
    notifier.changed()
  }

  const isUsable = () => isServedAt(reading.snapshot(), now())

  /** Answers the waiting callers, unless the state may improve within their patience. */
  function settle() {
    const waiting = waiters.waiting()
    if (!waiting) return patience.set(Infinity)
    const { epoch, until, by } = waiting
    const snapshot = reading.snapshot()
    const { isPending, retryAt } = reading.state()
    // Epoch 0: the caller came before it was known whether there is a session.
    const isOwn = epoch === 0 || epoch === reading.state().epoch
    // Only callers that asked for a refresh wait for one. The server answers all others.
    const isWaiting = by !== undefined && (snapshot.value === 'refreshing' || !isUsable())
    const isOpen = isPending || (isWaiting && mayBringBearer(snapshot, until))
    if (isRunning() && isOwn && isOpen && now() < until) return patience.set(until)
    waiters.settle(() => {
      const end = ending() ?? (isOwn ? undefined : new SessionChanged())
      if (end) throw end
      // The catcher compares it with the wall clock, which may differ from the session's time.
      if (isPending || !isUsable())
        throw new RefreshUnavailable(retryAt && retryAt - now() + settings.clock.wall())
      return ''
    })
    patience.set(Infinity)
  }

  /** A parent machine learns of a change before this does, and may call at once. */
  function read(): SessionState {
    if (isRunning()) observe(actorRef.getSnapshot())
    else reading.take(actorRef.getSnapshot())
    return reading.state()
  }

  /**
   * Resolves when the session is known to serve. For a caller that asked for a refresh (`by`), it resolves when that
   * refresh has a result. Rejects with the reason why the session does not serve.
   */
  function wait(by?: Asker): Promise<unknown> {
    const promise = waiters.join(read().epoch, by)
    settle()
    return promise
  }

  /** The chart failed and reacts to nothing any more: the session is over. */
  function fail() {
    status = 'failed'
    reading.take(actorRef.getSnapshot())
    notify({ type: 'expired', reason: 'internal' })
    settle()
    notifier.changed()
  }

  return {
    clock,
    now,
    send,
    notify,
    isRunning,
    read,
    wait,
    subscribe: notifier.subscribe,
    initial: reading.initial,
    /** The next instant at which the chart must look at the time. */
    deadline: alarm.hand('background'),
    /** The actor belongs to a parent and lives on, but its session is over. */
    leave: () => toChart({ type: 'session.ended', reason: 'never', at: now() }),
    /** The login is unknown again: the chart starts over. */
    startOver: () => send({ type: 'session.restored', at: now(), input: inputOf(settings) }),
    /** Waits until it is known whether there is a session. Rejects if there is none. */
    async ready(signal: AbortSignal | null | undefined): Promise<void> {
      if (read().isPending)
        await orAborted(
          wait().catch(() => {}),
          signal,
        )
      const end = ending() ?? (reading.state().isPending ? new RefreshUnavailable(undefined) : undefined)
      if (end) throw end
    },
    /** The actor was started, and with it the actor of `sendBack`. Returns the function to call when it stops. */
    attach(sendBack: Send): () => void {
      toChart = sendBack
      status = 'running'
      settings.recorder?.attach(actorRef)
      const observing = actorRef.subscribe({ next: observe, error: fail })
      const listening = actorRef.on('*', notifier.notify)
      observe(actorRef.getSnapshot())
      return () => {
        observing.unsubscribe()
        listening.unsubscribe()
        if (isRunning()) status = 'stopped'
        settle()
      }
    },
  }
}
