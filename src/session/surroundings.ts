import type { SessionEvent } from '../../machines/session.events.ts'
import type { SessionStore } from '../stores/store.ts'
import type { Flights } from './flights.ts'
import type { SessionSignal } from './notice.ts'
import type { Settings } from './options.ts'
import type { Reading } from './reading.ts'
import { fromRecord, isTombstone } from './records.ts'
import type { Vault } from './vault.ts'

interface SurroundingsOptions {
  readonly settings: Settings
  readonly store: SessionStore | undefined
  readonly vault: Vault
  readonly reading: Reading
  readonly flights: Flights
  now(): number
  isRunning(): boolean
  /** The user logged out in another page, and nobody can be asked. */
  endElsewhere(): Promise<void>
  /** The store did not answer. */
  unstored(): void
  send(event: SessionEvent): void
}

/** How long after a sign of the user the user counts as at work. */
const ACTIVE_MS = 60_000

/** What the surroundings of a session tell, and where it looks for what peers have made of it. */
export function createSurroundings(options: SurroundingsOptions) {
  const { settings, store, vault, reading, flights, now, isRunning, unstored, send } = options
  /** The last sign of the user. */
  let seenAt = -Infinity
  let stop = () => {}
  let restoring: Promise<void> | undefined

  /** Looks into the store, for a session or for what peers have made of it. The chart is pending until the first look. */
  async function look(into: SessionStore) {
    if (!reading.state().isPending) await flights.reread(vault.position())
    if (reading.state().reason === null) return
    const stored = await into.read().catch(unstored)
    const { reason, isPending, epoch } = reading.state()
    // A login here came first.
    if (reason === null || !isRunning()) return
    const isFound = stored && !isTombstone(stored) && Object.hasOwn(settings.strategies, stored.provider)
    // A login of a peer: only where a coordinator keeps both from spending its token.
    if (isFound && (isPending || (settings.coordinator && stored.epoch > epoch))) {
      const { at, owner, tokens, lifeMs, ageMs, ...found } = fromRecord(stored, settings.clock.wall())
      flights.open(at, owner, tokens, lifeMs, now() - ageMs, found)
    } else if (isPending) send({ type: 'session.ended', reason: 'never', at: now() })
  }

  /** Resolves when it is known what became of the session by that. */
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

  /** A logout in another page: true where nobody can be asked. */
  const heardOfLogout = () => (store ? look(store) : options.endElsewhere())

  return {
    isUserActive: () => now() - seenAt < ACTIVE_MS,
    userSeen() {
      seenAt = now()
    },
    restoring: () => restoring,
    /** Begins to listen, and looks at what became of the session while nobody did. */
    attach() {
      stop = settings.signals?.(onSignal) ?? stop
      restoring = store && look(store)
    },
    detach() {
      stop()
      stop = () => {}
    },
  }
}
