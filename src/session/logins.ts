import type { SessionEvent } from '../../machines/session.events.ts'
import type { LoggedOutReason } from '../../machines/session.types.ts'
import { Disposed } from '../base/errors.ts'
import type { Holding } from './holding.ts'
import { type LoginAnswer, type LoginOptions, readLogin } from './login.ts'
import type { Reading } from './reading.ts'

interface Surroundings {
  readonly holding: Holding
  readonly reading: Reading
  /** Counts logins and logouts: if several overlap, the last one counts. */
  logins: number
  /** The look for a session, which may have finished. */
  readonly restoring: Promise<void> | undefined
  isRunning(): boolean
  /** The session has stopped for good, or failed: the error for a login. `undefined`: it runs, or may run again. */
  over(): Error | undefined
  send(event: SessionEvent): void
}

const LOGOUT_WAIT_MS = 1_000

/** Begins a session at a caller's request. */
export async function login(of: Surroundings, answer: LoginAnswer, options: LoginOptions): Promise<void> {
  const { holding, reading } = of
  const { settings, shared } = holding
  if (!of.isRunning()) throw of.over() ?? new Disposed()
  const wall = settings.clock.wall()
  const { owner, tokens, bearer, life } = readLogin(
    answer,
    options,
    settings.strategies,
    wall,
    settings.users,
  )
  // A user that does not match the schema is refused before anything changes.
  settings.users.read(owner.user)
  const receivedAt = holding.now()
  const lifeMs = holding.lifeOf(bearer, life)
  const mine = ++of.logins
  const epoch = () => reading.state.epoch
  const isLast = () => mine === of.logins
  const over = () => of.over()
  const at = shared
    ? await shared.begin({ owner, tokens, lifeMs, epoch, isLast, over })
    : { epoch: epoch() + 1, version: 1 }
  holding.close()
  holding.grant.open({ at, owner, tokens, life: { version: 1, lifeMs, receivedAt } })
}

/** Ends the session at a caller's request. Resolves after a while in any case. */
export async function logout(of: Surroundings): Promise<void> {
  await new Promise<void>((resolve) => {
    const disarm = of.holding.clock.setTimer(resolve, LOGOUT_WAIT_MS, 'foreground')
    endLogin(of, 'user').finally(() => {
      disarm()
      resolve()
    })
  })
}

/** Ends the session here, in the store and at the backend. */
export async function endLogin(of: Surroundings, reason: LoggedOutReason): Promise<void> {
  const { holding, reading } = of
  const mine = ++of.logins
  // A session that is not yet known cannot be ended.
  if (reading.state.reason !== null) await of.restoring
  if (mine !== of.logins) return
  const at = holding.vault.position()
  const closed = holding.close(true)
  of.send({ type: 'session.ended', reason, at: holding.now() })
  // The chart learns of it when its actor starts again.
  if (!of.isRunning())
    reading.show({
      state: 'loggedOut',
      isAuthenticated: false,
      isUsable: false,
      shouldOfferLogin: false,
      isPending: false,
      user: null,
      provider: '',
      reason,
      epoch: reading.state.epoch,
      version: reading.state.version,
    })
  if (!closed) return
  const { owner, tokens } = closed
  await holding.shared?.bury(at)
  if (tokens.bearer || tokens.refreshToken)
    await holding.revoke(owner, tokens, 'logout', () => mine !== of.logins)
}
