import { LoginFailed } from '../base/errors.ts'
import type { LoginPage } from './loginPage.ts'

/** The tab's memory of logins that began without the user's request. */
interface Kept {
  /** The instants of their begins. */
  readonly begunAt: readonly number[]
  /** Whether the last login of this tab has succeeded. */
  readonly isOver: boolean
  /** Whether the user has logged out and was sent to the provider for that. */
  readonly isSignedOut?: boolean
}

/** After a failed login, or one whose session ended at once, one more begins, and then none. */
const MOST = 2
/** A session that lasted longer than this proves that its login was good. */
const GOOD_MS = 60_000
/** The user may have taken too long, or opened an old address: a fresh login corrects that. */
const FRESH = new Set(['unknown_attempt', 'attempt_expired', 'invalid_request_uri', 'key_lost'])

/**
 * Counts the logins that begin without the user's request, for example by a guard. The count survives the way to the
 * provider, so a guard and a failing callback cannot repeat each other endlessly.
 */
export function createUnasked(page: LoginPage, app: string, wall: () => number) {
  const key = `${app}-unasked`
  const silentKey = `${app}-silent`
  let failure: LoginFailed | undefined

  function read(): Kept {
    try {
      const { begunAt, isOver, isSignedOut } = JSON.parse(page.recall(key) ?? '{}') as Partial<Kept>
      return {
        begunAt: Array.isArray(begunAt) ? begunAt : [],
        isOver: isOver === true,
        isSignedOut: isSignedOut === true,
      }
    } catch {
      return { begunAt: [], isOver: false }
    }
  }

  return {
    /** Throws if only the user may begin a login. */
    begin(returnTo: string): void {
      if (failure && !FRESH.has(failure.reason)) throw failure
      const { begunAt, isOver, isSignedOut } = read()
      if (isSignedOut) throw new LoginFailed('signed_out', returnTo)
      const recent = isOver ? begunAt.filter((at) => wall() < at + GOOD_MS) : begunAt
      if (recent.length >= MOST) throw failure ?? new LoginFailed('too_many_logins', returnTo)
      const text = JSON.stringify({ begunAt: [...recent, wall()], isOver: false })
      page.remember(key, text)
      // Without storage nothing is counted.
      if (page.recall(key) !== text) throw new LoginFailed('storage_unavailable', returnTo)
    },
    /** Whether a silent login may begin: one for each tab, and none without storage. */
    silent(): boolean {
      if (page.recall(silentKey) !== undefined) return false
      page.remember(silentKey, 'tried')
      return page.recall(silentKey) !== undefined
    },
    /** The user asks for a login: the memory is cleared. */
    asked(): void {
      failure = undefined
      page.remember(silentKey, undefined)
      page.remember(key, undefined)
    },
    /** The page leaves for the provider's logout. When it is back, no login begins without a request. */
    signedOut(): void {
      page.remember(key, JSON.stringify({ begunAt: [], isOver: false, isSignedOut: true }))
    },
    /** The result of a callback. */
    ended(error?: unknown): void {
      failure = error instanceof LoginFailed ? error : undefined
      if (error === undefined) page.remember(key, JSON.stringify({ begunAt: read().begunAt, isOver: true }))
      else if (!failure) failure = new LoginFailed('invalid_answer')
    },
  }
}
