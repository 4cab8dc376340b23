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

/** A chart that runs: what it says, when it looks at the time, and everybody who waits for it. */
export function createChart(actorRef: SessionActorRef, settings: BffSettings) {
  const clock = createSessionClock(settings.clock)
  const { now } = clock
  const reading = createReading(actorRef)
  const waiters = createWaiters(now, settings.patienceMs)
  const notifier = createNotifier(settings, reading.state)
  const alarm = createAlarm(clock)
  const patience = alarm.hand('foreground', settle)
  let status: RuntimeStatus = 'stopped'

  /** From the `runtime` actor, as soon as there is one: an inspector sees who sends. */
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

  /** Answers those who wait, unless the state may yet change for the better before their patience ends. */
  function settle() {
    const waiting = waiters.waiting()
    if (!waiting) return patience.set(Infinity)
    const { epoch, until, by } = waiting
    const snapshot = reading.snapshot()
    const { isPending, retryAt } = reading.state()
    // Epoch 0: the caller came before it was known whether there is a session.
    const isOwn = epoch === 0 || epoch === reading.state().epoch
    // Only who has asked for a refresh waits for one: to all others the server answers.
    const isWaiting = by !== undefined && (snapshot.value === 'refreshing' || !isUsable())
    const isOpen = isPending || (isWaiting && mayBringBearer(snapshot, until))
    if (isRunning() && isOwn && isOpen && now() < until) return patience.set(until)
    waiters.settle(() => {
      const end = ending() ?? (isOwn ? undefined : new SessionChanged())
      if (end) throw end
      // Whoever catches it compares it with the wall clock, which the time of the session may have left.
      if (isPending || !isUsable())
        throw new RefreshUnavailable(retryAt && retryAt - now() + settings.clock.wall())
      return ''
    })
    patience.set(Infinity)
  }

  /** A parent machine hears of a change before this does, and may call at once. */
  function read(): SessionState {
    if (isRunning()) observe(actorRef.getSnapshot())
    else reading.take(actorRef.getSnapshot())
    return reading.state()
  }

  /**
   * Resolves when it is known that the session serves, and for who has asked for a refresh (`by`), when that has come to
   * something; rejects with why it does not serve.
   */
  function wait(by?: Asker): Promise<unknown> {
    const promise = waiters.join(read().epoch, by)
    settle()
    return promise
  }

  /** The chart failed, and answers nothing any more: the session is over. */
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
    /** The next instant at which the chart is to look at the time. */
    deadline: alarm.hand('background'),
    /** The actor of a parent lives on, and there is no session in it any more. */
    leave: () => toChart({ type: 'session.ended', reason: 'never', at: now() }),
    /** Nobody knows of which login this is: the chart starts over. */
    startOver: () => send({ type: 'session.restored', at: now(), input: inputOf(settings) }),
    /** Waits while it is not known whether there is a session. Rejects where there is none. */
    async ready(signal: AbortSignal | null | undefined): Promise<void> {
      if (read().isPending)
        await orAborted(
          wait().catch(() => {}),
          signal,
        )
      const end = ending() ?? (reading.state().isPending ? new RefreshUnavailable(undefined) : undefined)
      if (end) throw end
    },
    /** The actor was started, and with it the one that `sendBack` sends from. Answers what is to be called when it is stopped. */
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
