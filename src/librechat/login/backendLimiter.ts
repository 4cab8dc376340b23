import type { Clock } from '../../base/clock.ts'
import { Misconfigured } from '../../base/errors.ts'

/** The backend's limiter, and how logins and refreshes share it. Each process counts for itself. */
export interface RateLimitOptions {
  /**
   * The number of logins and OpenID refreshes together that the backend's limiter allows in one window.
   * @default the backend's `X-RateLimit-Limit` of its answers to logins; 7 until then
   */
  readonly max?: number
  /**
   * The limiter's window; milliseconds.
   * @default 300_000 (5 minutes)
   */
  readonly windowMs?: number
  /** How many of them are for logins; the others are for refreshes. @default two sevenths of `max` */
  readonly reservedForLogins?: number
}

/** LibreChat's limiter with its defaults. */
const DEFAULT_MAX = 7
const DEFAULT_WINDOW_MS = 300_000
/** The part of logins by default. */
const LOGIN_SHARE = 2 / 7

/** A login that may be sent to the backend. Call exactly one of these with its result. */
export interface LoginTurn {
  /** The backend has answered, with a refusal or a next step: the answer shows its limiter. */
  answered(status: number, headers: Headers): void
  /** The backend has not answered, so its limiter did not count it. */
  unanswered(): void
  /** The login succeeded. It is no stranger's, and counts with the refreshes. */
  succeeded(headers: Headers): void
}

/**
 * Keeps this server below a limiter that logins and refreshes share. Each of the two has its own part: however many
 * logins strangers try, the part of the refreshes stays. A login that the backend counts for its visitor is not counted
 * here. If the backend shows no limiter, no login is held.
 *
 * Without options the backend's header counts: `X-RateLimit-Limit` of its answers to logins.
 */
export function createBackendLimiter(options: RateLimitOptions, clock: Clock) {
  const { windowMs = DEFAULT_WINDOW_MS } = options
  const isTold = Object.values(options).some((value) => value !== undefined)
  let max = options.max ?? DEFAULT_MAX
  let isLimited = true
  /** If the headers are lost on the way, its 429 shows a limiter. */
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

  /** How long until fewer than `part` of `taken` are in the window; 0: they already are. */
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
     * Takes one, or returns how long there will be none; milliseconds. While other logins are running, it waits for
     * their results: they may succeed, or the backend may show no limiter.
     */
    async login(): Promise<LoginTurn | number> {
      for (;;) {
        const turn = take()
        if (typeof turn !== 'number' || flying === 0) return turn
        await next
      }
    },
    /** A login that was counted earlier has succeeded, by its second factor. */
    passed() {
      const at = logins.at(-1)
      if (at !== undefined && giveBack(at)) refreshes.push(at)
    },
    /** Takes one, or returns how long there will be none; milliseconds. */
    refresh(): number {
      forget()
      const wait = waitFor(refreshes, Math.max(1, max - partOfLogins()))
      if (wait === 0) refreshes.push(clock.monotonic())
      return wait
    },
  }
}

const promiseOf = (executor: (resolve: () => void) => void) => new Promise<void>(executor)

export type BackendLimiter = ReturnType<typeof createBackendLimiter>

/** Refuses options that cannot work. */
export function readRateLimit(limit: RateLimitOptions = {}): RateLimitOptions {
  for (const name of ['max', 'windowMs', 'reservedForLogins'] as const)
    if (limit[name] !== undefined && !(limit[name] > 0))
      throw new Misconfigured(`Option "rateLimit.${name}" must be a number above 0.`)
  return limit
}
