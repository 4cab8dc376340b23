import type { SessionEvent } from '../../machines/session.events.ts'
import type { LoggedOutReason } from '../../machines/session.types.ts'
import { Disposed, SessionChanged } from '../base/errors.ts'
import type { SessionClock } from '../base/sessionClock.ts'
import type { SessionStore } from '../stores/store.ts'
import type { Flights } from './flights.ts'
import { type LoginAnswer, type LoginOptions, readLogin } from './login.ts'
import type { Settings } from './options.ts'
import type { Reading } from './reading.ts'
import { isTombstone, toRecord, toTombstone } from './records.ts'
import { replaceStored } from './replaceStored.ts'
import type { Vault } from './vault.ts'

interface LoginsOptions {
  readonly settings: Settings
  readonly store: SessionStore | undefined
  readonly clock: SessionClock
  readonly vault: Vault
  readonly reading: Reading
  readonly flights: Flights
  isRunning(): boolean
  /** The session has stopped for good, or failed: the error for a login. `undefined`: it runs, or may run again. */
  over(): Error | undefined
  /** The look for a session, which may have finished. */
  restoring(): Promise<void> | undefined
  /** A write to the store failed. */
  unstored(): void
  send(event: SessionEvent): void
}

const LOGOUT_WAIT_MS = 1_000

/** Begins and ends a session at a caller's request. If several overlap, the last one counts. */
export function createLogins(options: LoginsOptions) {
  const { settings, store, clock, vault, reading, flights, isRunning, over, unstored, send } = options
  const { now } = clock
  const wall = () => settings.clock.wall()
  let logins = 0

  async function login(answer: LoginAnswer, of: LoginOptions): Promise<void> {
    if (!isRunning()) throw over() ?? new Disposed()
    const { owner, tokens, bearer, life } = readLogin(answer, of, settings.strategies, wall(), settings.users)
    // A user that does not match the schema is refused before anything changes.
    settings.users.read(owner.user)
    const receivedAt = now()
    const lifeMs = flights.lifeOf(bearer, life)
    const mine = ++logins
    let at = { epoch: reading.state().epoch + 1, version: 1 }
    if (store) {
      const written = await replaceStored(store, unstored, (stored) => {
        at = { epoch: Math.max(reading.state().epoch, stored?.epoch ?? 0) + 1, version: 1 }
        return mine === logins ? toRecord(at, owner, tokens, lifeMs, wall()) : undefined
      })
      // A logout or another login meanwhile could not yet see it in the store.
      const end = over()
      if (end || (written > 0 && mine !== logins)) store.compareAndSet(at, toTombstone(at)).catch(unstored)
      if (end) throw end
      if (mine !== logins) throw new SessionChanged()
    }
    flights.close(false)
    flights.open(at, owner, tokens, lifeMs, receivedAt)
  }

  async function logout(): Promise<void> {
    await new Promise<void>((resolve) => {
      const disarm = clock.setTimer(resolve, LOGOUT_WAIT_MS, 'foreground')
      end('user').finally(() => {
        disarm()
        resolve()
      })
    })
  }

  /** Ends the session here, in the store and at the backend. */
  async function end(reason: LoggedOutReason): Promise<void> {
    const mine = ++logins
    // A session that is not yet known cannot be ended.
    if (reading.state().reason !== null) await options.restoring()
    if (mine !== logins) return
    const at = vault.position()
    const closed = flights.close(true)
    send({ type: 'session.ended', reason, at: now() })
    // The chart learns of it when its actor starts again.
    if (!isRunning())
      reading.show({
        state: 'loggedOut',
        isAuthenticated: false,
        isUsable: false,
        shouldOfferLogin: false,
        isPending: false,
        user: null,
        provider: '',
        reason,
        epoch: reading.state().epoch,
        version: reading.state().version,
      })
    if (!closed) return
    const { owner, tokens } = closed
    if (store)
      await replaceStored(store, unstored, (stored) => {
        if (stored && (isTombstone(stored) || stored.epoch > at.epoch)) return undefined
        return toTombstone(stored && stored.epoch === at.epoch ? stored : at, 'user')
      })
    if (tokens.bearer || tokens.refreshToken) await flights.end(owner, tokens, 'logout')
  }

  return { login, logout, end }
}
