import type { SessionEvent } from '../../machines/session.events.ts'
import type { RefreshInput } from '../../machines/session.ports.ts'
import { orAborted } from '../base/orAborted.ts'
import { createAlarm } from './alarm.ts'
import { bearerSource } from './bearerSource.ts'
import { endOfRuntime, endOfSession, type RuntimeStatus } from './endings.ts'
import { Holding } from './holding.ts'
import { createLogins } from './logins.ts'
import { createNotifier } from './notifier.ts'
import { inputOf, type Settings } from './options.ts'
import type { Send } from './port.ts'
import { createReading, type MachineSnapshot } from './reading.ts'
import type { Resumed } from './renewAtRest.ts'
import type { Session, SessionActorRef } from './session.ts'
import { createSessionFetch } from './sessionFetch.ts'
import { createSupply } from './supply.ts'
import { createSurroundings } from './surroundings.ts'

/**
 * Everything that a chart must not hold: the tokens, and the senders, waiting callers and listeners. It is attached at
 * each start of the actor, and lives as long as the actor: an actor that is stopped and started again finds its tokens.
 * `resumed`: an attempt that is running already, with what its session holds.
 */
export function createRuntime(actorRef: SessionActorRef, settings: Settings, resumed?: Resumed) {
  const holding = resumed?.holding ?? new Holding(settings)
  const { clock, vault, grant, shared } = holding
  const { now } = clock
  const alarm = createAlarm(clock)
  const reading = createReading(actorRef)
  let status: RuntimeStatus = 'stopped'
  let unsubscribe = () => {}
  let resume = resumed
  /** From the `runtime` actor, as soon as there is one, so that an inspector sees the sender. */
  let toChart: Send = (event) => actorRef.send(event)

  const isRunning = () => status === 'running'
  const over = () => endOfRuntime(status)
  const ending = () => endOfSession(status, reading.state())
  const notifier = createNotifier(settings, reading.state)

  holding.told = { send, notify: notifier.notify, isUserActive: () => surroundings.isUserActive() }
  const parts = { settings, shared, clock, now, vault, reading, holding, isRunning, send }
  const supply = createSupply({ ...parts, alarm, ending, catchUp })
  const logins = createLogins({ ...parts, over, restoring: () => surroundings.restoring() })
  const surroundings = createSurroundings({
    ...parts,
    endElsewhere: () => logins.end('elsewhere'),
  })

  /** A stopped actor handles its events when it is started again. */
  function send(event: SessionEvent) {
    if (isRunning() || (status === 'stopped' && actorRef.getSnapshot().status === 'active')) toChart(event)
  }

  /** Called for every snapshot of the chart, ignored events included. */
  function observe(next: MachineSnapshot) {
    const previous = reading.take(next)
    if (!previous) return
    if (isEmpty()) startOver()
    if (reading.state().reason !== null && previous.reason === null) holding.leave(reading.state())
    const { user } = reading.state()
    if (previous.user && user && previous.user.id !== user.id)
      holding.notify({ type: 'changed', what: 'user' })
    supply.changed()
    notifier.changed()
  }

  /** A parent machine learns of a change before the runtime does, and may call at once. */
  function catchUp() {
    if (isRunning()) observe(actorRef.getSnapshot())
    else reading.take(actorRef.getSnapshot())
    return reading.state()
  }

  /** The chart lives, but nobody has the tokens of its session. */
  function isEmpty(): boolean {
    const { reason, epoch, version } = reading.state()
    const held = vault.position()
    return reason === null && (!grant.owner() || held.epoch !== epoch || held.version < version)
  }

  const startOver = () => send({ type: 'session.restored', at: now(), input: inputOf(settings) })

  /** The chart failed and has stopped its actors. It reacts to nothing any more, so the session is over. */
  function fail() {
    status = 'failed'
    reading.take(actorRef.getSnapshot())
    holding.notify({ type: 'expired', reason: 'internal' })
    holding.close()
    supply.changed()
  }

  /** The actor was started, and with it the actor of `sendBack`. Returns a function that stops this. */
  function attach(sendBack: Send) {
    // Disposing the session has not stopped the actor, which belongs to a parent.
    if (status !== 'stopped') return detach
    status = 'running'
    toChart = sendBack
    unsubscribe()
    settings.recorder?.attach(actorRef)
    const listening = [actorRef.subscribe({ next: observe, error: fail }), actorRef.on('*', notifier.notify)]
    unsubscribe = () => {
      for (const one of listening) one.unsubscribe()
    }
    reading.take(actorRef.getSnapshot())
    if (resume) send({ type: 'refresh.asked', by: 'caller', at: resume.at })
    if (isEmpty()) startOver()
    else if (reading.state().reason === null) send({ type: 'time.checked', at: now() })
    surroundings.attach()
    supply.changed()
    return detach
  }

  function detach() {
    if (!isRunning()) return
    status = 'stopped'
    surroundings.detach()
    supply.changed()
    // If somebody means to start the actor again, its last snapshot is back by then.
    queueMicrotask(() => {
      if (status === 'stopped' && actorRef.getSnapshot().status !== 'active') giveUp()
    })
  }

  /** Nobody starts the actor again. With a store, a late answer is for the sessions that share it. */
  function giveUp() {
    status = 'disposed'
    if (!shared) holding.close()
  }

  function dispose() {
    if (over()) return
    detach()
    try {
      actorRef.stop()
    } catch {
      // This would stop the actor of a parent. So the actor only learns that its session is over.
      send({ type: 'session.ended', reason: 'never', at: now() })
    }
    giveUp()
  }

  const source = bearerSource({ holding, supply, reading, send })
  const session: Session = {
    login: logins.login,
    fetch: createSessionFetch(source),
    getToken(options) {
      const bearer = supply.fresh()
      return bearer === undefined ? orAborted(supply.acquire(), options?.signal) : Promise.resolve(bearer)
    },
    refresh({ by = 'force' } = {}) {
      if (by === 'user') surroundings.userSeen()
      return supply.refresh(by)
    },
    logout: logins.logout,
    subscribe: notifier.subscribe,
    getSnapshot: catchUp,
    getInitialSnapshot: reading.initial,
    clock,
    actorRef,
    dispose,
  }

  return {
    session,
    /** The next instant at which the chart must look at the time. */
    deadline: alarm.hand('background'),
    /** The parts of `session.fetch`. */
    source,
    send,
    /** A bearer, after a refresh if one is due. `until`: how long who asks waits for it, on the session's timeline. */
    acquire: async (until?: number) => supply.fresh() ?? supply.acquire(until),
    attach,
    /** Begins a flight, and reports its outcome by `answer`. The chart also learns if nobody has the tokens. */
    refresh({ epoch, version, ...reason }: RefreshInput, answer: Send) {
      if (isEmpty()) startOver()
      else if (resume) resume.join(answer)
      else holding.start({ epoch, version }, reason, answer)
      resume = undefined
    },
    reread: () => void shared?.reread(),
  }
}

export type Runtime = ReturnType<typeof createRuntime>
