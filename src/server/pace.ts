import type { Clock } from '../session/clock.ts'
import type { PaceOptions } from './options.ts'

/** LibreChat's limiter, as it comes. */
const DEFAULT_MAX = 7
const DEFAULT_WINDOW_MS = 300_000
/** What logins may use where nothing is said. */
const LOGIN_SHARE = 2 / 7

/**
 * Keeps this server below a limiter that logins and refreshes share. Each of the two has a part of its own: whatever
 * strangers try at the login, the refreshes' part is left. As long as there is no session to refresh, logins have it
 * all. A login that the backend counts for its visitor is not counted here.
 */
export function createPace(options: PaceOptions, clock: Clock) {
  const { windowMs = DEFAULT_WINDOW_MS } = options
  let max = options.max ?? DEFAULT_MAX
  let hasSessions = false
  const spent: Record<'login' | 'refresh', number[]> = { login: [], refresh: [] }

  function partOf(kind: 'login' | 'refresh'): number {
    const reserved = Math.max(1, options.reservedForLogins ?? Math.round(max * LOGIN_SHARE))
    if (kind === 'refresh') return Math.max(1, max - reserved)
    return hasSessions ? reserved : max
  }

  /** Takes one, or answers how long there will be none; milliseconds. */
  function take(kind: 'login' | 'refresh'): number {
    const now = clock.monotonic()
    const taken = spent[kind].filter((at) => at > now - windowMs)
    const part = partOf(kind)
    const [first = now] = taken.slice(-part)
    const isFree = taken.length < part
    spent[kind] = isFree ? [...taken, now] : taken
    return isFree ? 0 : Math.max(1, first + windowMs - now)
  }

  return {
    login: () => take('login'),
    refresh() {
      hasSessions = true
      return take('refresh')
    },
    /** There is a session now whose refreshes the limiter counts. */
    hasOpened() {
      hasSessions = true
    },
    /** What the backend says of its limiter, unless the operator has said it. */
    heard(headers: Headers) {
      const limit = Number(headers.get('x-ratelimit-limit'))
      if (options.max === undefined && Number.isSafeInteger(limit) && limit > 0) max = limit
    },
  }
}

export type Pace = ReturnType<typeof createPace>
