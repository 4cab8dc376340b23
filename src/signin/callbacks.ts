import { systemClock } from '../base/clock.ts'
import { LoginFailed } from '../base/errors.ts'
import { createLock } from '../browser/lock.ts'
import type { Adopt } from './adoption.ts'
import { ATTEMPT_MS, type createAttempts } from './attempts.ts'
import type { Callback } from './callbackOf.ts'
import { failing } from './failing.ts'
import { isSafeWay } from './isSafeWay.ts'
import type { KeptAttempt } from './keptAttempt.ts'
import { type LoginSession, livingSoon } from './living.ts'
import type { LoginPage } from './loginPage.ts'

interface CallbacksOptions {
  readonly session: LoginSession
  readonly attempts: ReturnType<typeof createAttempts>
  readonly adopt: Adopt
  readonly page: LoginPage
  readonly home: string
  readonly app: string
}

/** A tab waits this long for another tab that makes the exchange, and for its session. */
const OTHER_TAB_MS = 10_000

/** The provider would have to ask the user (OpenID Connect Core section 3.1.2.6): an answer to a silent login. */
const QUIET = new Set([
  'login_required',
  'interaction_required',
  'consent_required',
  'account_selection_required',
])

/** Finishes the login of a callback; `undefined`: the page has none. Rejects with `LoginFailed`. */
export function createCallbacks({ session, attempts, adopt, page, home, app }: CallbacksOptions) {
  const { wall } = systemClock

  async function finish(callback?: Callback): Promise<{ readonly returnTo: string }> {
    const attempt = callback && (await attempts.take(callback.state).catch(() => undefined))
    const { takenAt, failure } = attempt ?? {}
    // Another tab has the code, and its session is this tab's session too.
    const sinceMs = takenAt === undefined ? Infinity : wall() - takenAt
    // The clock may have been set back since.
    const waitMs = sinceMs < 0 ? 0 : OTHER_TAB_MS - sinceMs
    const user = await livingSoon(session, failure === undefined ? waitMs : 0)
    const isSafe = attempt && isSafeWay(attempt.returnTo, new URL(page.href()).origin)
    const returnTo = isSafe && (takenAt === undefined || waitMs > 0) ? attempt.returnTo : home
    const isOpen = attempt !== undefined && takenAt === undefined
    // A user who is logged in goes on: this is a second tab, the history, or an address that was opened again.
    if (user && (!isOpen || attempt.purpose === 'signIn')) return { returnTo }
    if (attempt && failure !== undefined && waitMs > 0)
      return unlessQuiet(attempt, new LoginFailed(failure), returnTo)
    if (!callback || !isOpen) throw new LoginFailed('unknown_attempt', returnTo)
    if (wall() >= attempt.beganAt + ATTEMPT_MS) throw new LoginFailed('attempt_expired', returnTo)
    try {
      await adopt(attempt, callback)
    } catch (error) {
      const reason = error instanceof LoginFailed ? error.reason : 'unknown_attempt'
      await attempts.fail(callback.state, reason).catch(() => {})
      return unlessQuiet(attempt, error, returnTo)
    }
    return { returnTo }
  }

  /** Throws `error`, but for a silent login that the provider would have to ask about. */
  function unlessQuiet({ isSilent }: KeptAttempt, error: unknown, returnTo: string) {
    const isQuiet = isSilent && error instanceof LoginFailed && QUIET.has(error.reason)
    if (!isQuiet) failing(returnTo)(error)
    return { returnTo }
  }

  // One tab at a time handles a callback, so that the others learn at once how it ended.
  return (callback?: Callback) =>
    callback
      ? createLock(`${app}-login-${callback.state}`, systemClock, OTHER_TAB_MS)(() => finish(callback))
      : finish()
}
