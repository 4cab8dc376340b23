import type { SessionEvent } from '../../machines/session.events.ts'
import type { LoggedOutReason } from '../../machines/session.types.ts'
import { Disposed } from '../base/errors.ts'
import type { Holding } from './holding.ts'
import { type LoginAnswer, type LoginOptions, readLogin } from './login.ts'
import type { Reading } from './reading.ts'

interface LoginsOptions {
  readonly holding: Holding
  readonly reading: Reading
  isRunning(): boolean
  /** The session has stopped for good, or failed: the error for a login. `undefined`: it runs, or may run again. */
  over(): Error | undefined
  /** The look for a session, which may have finished. */
  restoring(): Promise<void> | undefined
  send(event: SessionEvent): void
}

const LOGOUT_WAIT_MS = 1_000

/** Begins and ends a session at a caller's request. If several overlap, the last one counts. */
export function createLogins(options: LoginsOptions) {
  const { holding, reading, isRunning, over, send } = options
  const { settings, clock, shared } = holding
  let logins = 0

  async function login(answer: LoginAnswer, of: LoginOptions): Promise<void> {
    if (!isRunning()) throw over() ?? new Disposed()
    const wall = settings.clock.wall()
    const { owner, tokens, bearer, life } = readLogin(answer, of, settings.strategies, wall, settings.users)
    // A user that does not match the schema is refused before anything changes.
    settings.users.read(owner.user)
    const receivedAt = clock.now()
    const lifeMs = holding.lifeOf(bearer, life)
    const mine = ++logins
    const epoch = () => reading.state().epoch
    const isLast = () => mine === logins
    const at = shared
      ? await shared.begin({ owner, tokens, lifeMs, epoch, isLast, over })
      : { epoch: epoch() + 1, version: 1 }
    holding.close()
    holding.grant.open({ at, owner, tokens, life: { version: 1, lifeMs, receivedAt } })
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
    const at = holding.vault.position()
    const closed = holding.close(true)
    send({ type: 'session.ended', reason, at: clock.now() })
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
    await shared?.bury(at)
    if (tokens.bearer || tokens.refreshToken) await holding.revoke(owner, tokens, 'logout')
  }

  return { login, logout, end }
}
