import type { SessionEvent } from '../../machines/session.events.ts'
import { ACTIVE_MS } from '../base/durations.ts'
import { insist } from '../base/insist.ts'
import type { SessionStore, StoredSession } from '../stores/store.ts'
import type { Flights } from './flights.ts'
import type { SessionSignal } from './notice.ts'
import type { Settings } from './options.ts'
import type { Reading } from './reading.ts'
import { isTombstone } from './records.ts'
import { startSignals } from './startSignals.ts'
import type { Vault } from './vault.ts'

interface SurroundingsOptions {
  readonly settings: Settings
  readonly store: SessionStore | undefined
  readonly vault: Vault
  readonly reading: Reading
  readonly flights: Flights
  now(): number
  isRunning(): boolean
  /** The user logged out in another page, and there is nobody to ask. */
  endElsewhere(): Promise<void>
  /** The store did not answer. */
  unstored(): void
  send(event: SessionEvent): void
}

/** Handles the signals from a session's surroundings, and reads what peers have changed. */
export function createSurroundings(options: SurroundingsOptions) {
  const { settings, store, vault, reading, flights, now, isRunning, unstored, send } = options
  /** The last sign of user activity. */
  let seenAt = -Infinity
  let stop = () => {}
  /** The look for a session, until it is known whether there is one. */
  let restoring: Promise<void> | undefined
  /** Nobody knows yet what is stored. Stops the tries to find out. */
  let unread: (() => void) | undefined

  /** Reads the store, for a session or for changes of peers. The chart is pending until the first read. */
  async function look(into: SessionStore) {
    if (!reading.state().isPending) await flights.reread(vault.position())
    if (reading.state().reason === null) return
    let hasFailed = false
    const stored = await into.read().catch(() => {
      hasFailed = true
      unstored()
      return undefined
    })
    const isKnown = hasFailed && reading.state().isPending && insistOn(into)
    take(stored, !hasFailed)
    await isKnown
  }

  /** Takes what was read, if that is news. */
  function take(stored: StoredSession | null | undefined, isRead: boolean) {
    const { reason, isPending, epoch } = reading.state()
    const isFirst = isPending || unread !== undefined
    if (isRead) known()
    // A login here came first.
    if (reason === null || !isRunning()) return known()
    const isFound = stored && !isTombstone(stored) && Object.hasOwn(settings.strategies, stored.provider)
    // A peer's login: only if a coordinator prevents both from spending its token.
    if (isFound && (isFirst || (settings.coordinator && stored.epoch > epoch))) {
      flights.restore(stored)
    } else if (isPending) send({ type: 'session.ended', reason: 'never', at: now() })
  }

  /** A store that is away at the start may hold a session: nobody is logged out for good because of it. */
  const insistOn = (into: SessionStore) =>
    new Promise<void>((over) => {
      const stopTrying = insist(settings.clock, async () => {
        const isOver = reading.state().reason === null || !isRunning()
        take(isOver ? null : await into.read(), true)
      })
      unread = () => {
        stopTrying()
        over()
      }
    })

  function known() {
    unread?.()
    unread = undefined
  }

  /** Resolves when the effect on the session is known. */
  async function onSignal(signal: SessionSignal): Promise<void> {
    const at = now()
    send({ type: 'time.checked', at })
    if (signal === 'networkRestored') send({ type: 'network.restored', at })
    if (signal === 'woke') return store && look(store)
    if (signal === 'loggedOut') return heardOfLogout()
    if (signal !== 'userActive' && signal !== 'userIdle') return
    const idle = signal === 'userIdle'
    seenAt = idle ? -Infinity : at
    send({ type: 'user.changed', idle, at })
  }

  /** A logout in another page: true if there is nobody to ask. */
  const heardOfLogout = () => (store ? look(store) : options.endElsewhere())

  return {
    isUserActive: () => now() - seenAt < ACTIVE_MS,
    userSeen() {
      seenAt = now()
    },
    restoring: () => restoring,
    /** Begins to listen, and reads what has changed meanwhile. */
    attach() {
      stop = startSignals(settings, onSignal)
      restoring = store && look(store)
    },
    detach() {
      known()
      stop()
      stop = () => {}
    },
  }
}
