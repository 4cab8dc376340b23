import type { Clock } from '../../base/clock.ts'
import { Misconfigured } from '../../base/errors.ts'

/** The backend's limiter, and how logins and refreshes share it. Each process counts for itself. */
export interface RateLimitOptions {
  /**
   * What the backend's limiter allows in one window, for logins and OpenID refreshes together.
   * @default what the backend says of it, in `X-RateLimit-Limit` of its answers to logins; 7 until it has
   */
  readonly max?: number
  /**
   * The limiter's window; milliseconds.
   * @default 300_000 (5 minutes)
   */
  readonly windowMs?: number
  /** How many of them are the part of logins; the others are that of refreshes. @default two sevenths of `max` */
  readonly reservedForLogins?: number
}

/** LibreChat's limiter, as it comes. */
const DEFAULT_MAX = 7
const DEFAULT_WINDOW_MS = 300_000
/** What logins may use where nothing is said. */
const LOGIN_SHARE = 2 / 7

/** A login that may be sent to the backend. Exactly one of these tells what became of it. */
export interface LoginTurn {
  /** The backend has answered, with a no or with a step between: what it says of its limiter. */
  answered(status: number, headers: Headers): void
  /** The backend has not answered it: its limiter did not count it. */
  unanswered(): void
  /** It succeeded: no stranger's, it counts with the refreshes. */
  succeeded(headers: Headers): void
}

/**
 * Keeps this server below a limiter that logins and refreshes share. Each of the two has a part of its own: whatever
 * strangers try at the login, the part of the refreshes is left. A login that the backend counts for its visitor is not
 * counted here, and a backend that shows no limiter holds no login.
 *
 * Without options the backend's word counts: `X-RateLimit-Limit` of what it answers to a login.
 */
export function createRateLimiter(options: RateLimitOptions, clock: Clock) {
  const { windowMs = DEFAULT_WINDOW_MS } = options
  const isTold = Object.values(options).some((value) => value !== undefined)
  let max = options.max ?? DEFAULT_MAX
  let isLimited = true
  /** Where the headers are lost on the way, its 429 tells of a limiter. */
  let hasRefused = false
  let logins: number[] = []
  let refreshes: number[] = []
  /** Logins that the backend has not answered yet. */
  let flying = 0
  let land = () => {}
  let next = promiseOf((resolve) => {
    land = resolve
  })

  function forget() {
    const since = clock.monotonic() - windowMs
    logins = logins.filter((at) => at > since)
    refreshes = refreshes.filter((at) => at > since)
  }

  const partOfLogins = () => Math.max(1, options.reservedForLogins ?? Math.round(max * LOGIN_SHARE))

  /** How long until fewer than `part` of `taken` are in the window; 0: they are. */
  function waitFor(taken: readonly number[], part: number): number {
    if (taken.length < part) return 0
    const first = taken.toSorted((a, b) => a - b)[taken.length - part] ?? clock.monotonic()
    return Math.max(1, first + windowMs - clock.monotonic())
  }

  function hear(status: number, headers: Headers) {
    const said = headers.get('x-ratelimit-limit') ?? headers.get('ratelimit-limit')
    const limit = said !== null && /^\d{1,9}$/.test(said) ? Number(said) : 0
    hasRefused ||= status === 429
    isLimited = isTold || said !== null || hasRefused
    if (options.max === undefined) max = limit > 0 ? limit : DEFAULT_MAX
  }

  function giveBack(at: number): boolean {
    const place = logins.indexOf(at)
    if (place >= 0) logins.splice(place, 1)
    return place >= 0
  }

  function take(): LoginTurn | number {
    forget()
    const wait = Math.max(waitFor(logins, partOfLogins()), waitFor([...logins, ...refreshes], max))
    if (isLimited && wait > 0) return wait
    const at = clock.monotonic()
    const isTaken = isLimited
    if (isTaken) logins.push(at)
    flying++
    const landed = () => {
      flying--
      land()
      next = promiseOf((resolve) => {
        land = resolve
      })
    }
    return {
      answered(status, headers) {
        hear(status, headers)
        landed()
      },
      unanswered() {
        if (isTaken) giveBack(at)
        landed()
      },
      succeeded(headers) {
        hear(200, headers)
        if (isTaken && giveBack(at)) refreshes.push(at)
        landed()
      },
    }
  }

  return {
    /**
     * Takes one, or answers how long there will be none; milliseconds. While others are on their way it waits for what
     * becomes of them: they may succeed, or the backend may show no limiter.
     */
    async login(): Promise<LoginTurn | number> {
      for (;;) {
        const turn = take()
        if (typeof turn !== 'number' || flying === 0) return turn
        await next
      }
    },
    /** A login that was counted before has succeeded, by its second factor. */
    passed() {
      const at = logins.at(-1)
      if (at !== undefined && giveBack(at)) refreshes.push(at)
    },
    /** Takes one, or answers how long there will be none; milliseconds. */
    refresh(): number {
      forget()
      const wait = waitFor(refreshes, Math.max(1, max - partOfLogins()))
      if (wait === 0) refreshes.push(clock.monotonic())
      return wait
    },
  }
}

const promiseOf = (executor: (resolve: () => void) => void) => new Promise<void>(executor)

export type RateLimiter = ReturnType<typeof createRateLimiter>

/** Refuses what cannot work. */
export function readRateLimit(limit: RateLimitOptions = {}): RateLimitOptions {
  for (const name of ['max', 'windowMs', 'reservedForLogins'] as const)
    if (limit[name] !== undefined && !(limit[name] > 0))
      throw new Misconfigured(`Option "rateLimit.${name}" must be a number above 0.`)
  return limit
}
