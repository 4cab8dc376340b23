import { LoginFailed } from '../base/errors.ts'
import type { LoginPage } from './loginPage.ts'

/** What a tab remembers of logins that nobody asked for. */
interface Kept {
  /** When they began; the instants. */
  readonly begunAt: readonly number[]
  /** Whether the last login of this tab has succeeded. */
  readonly isOver: boolean
  /** Whether the user has logged out, and was sent to the provider for that. */
  readonly isSignedOut?: boolean
}

/** A login that fails, or whose session ends at once, is begun once more, and not again. */
const MOST = 2
/** A session that lasted longer than this says that the login before it was a good one. */
const GOOD_MS = 60_000
/** The user may have taken too long, or come back to an address of another day: a fresh login mends that. */
const FRESH = new Set(['unknown_attempt', 'attempt_expired', 'invalid_request_uri', 'key_lost'])

/**
 * Counts the logins that begin without the user's wish, as a guard begins them, where the count survives the way to the
 * provider: a guard and a callback that fails do not feed each other.
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
    /** Throws where no login may begin, but by the user. */
    begin(returnTo: string): void {
      if (failure && !FRESH.has(failure.reason)) throw failure
      const { begunAt, isOver, isSignedOut } = read()
      if (isSignedOut) throw new LoginFailed('signed_out', returnTo)
      const recent = isOver ? begunAt.filter((at) => wall() < at + GOOD_MS) : begunAt
      if (recent.length >= MOST) throw failure ?? new LoginFailed('too_many_logins', returnTo)
      const text = JSON.stringify({ begunAt: [...recent, wall()], isOver: false })
      page.remember(key, text)
      // Where nothing is kept nothing is counted.
      if (page.recall(key) !== text) throw new LoginFailed('storage_unavailable', returnTo)
    },
    /** Whether a silent login may begin: one in a tab, and none where nothing is kept. */
    silent(): boolean {
      if (page.recall(silentKey) !== undefined) return false
      page.remember(silentKey, 'tried')
      return page.recall(silentKey) !== undefined
    },
    /** The user asks for a login: all is forgotten. */
    asked(): void {
      failure = undefined
      page.remember(silentKey, undefined)
      page.remember(key, undefined)
    },
    /** The page leaves for the provider's logout: when it is back nobody is logged in anew without being asked. */
    signedOut(): void {
      page.remember(key, JSON.stringify({ begunAt: [], isOver: false, isSignedOut: true }))
    },
    /** What became of a callback. */
    ended(error?: unknown): void {
      failure = error instanceof LoginFailed ? error : undefined
      if (error === undefined) page.remember(key, JSON.stringify({ begunAt: read().begunAt, isOver: true }))
      else if (!failure) failure = new LoginFailed('invalid_answer')
    },
  }
}
