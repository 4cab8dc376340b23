import type { Clock } from '../session/clock.ts'
import { Misconfigured } from '../session/errors.ts'

/** The backend's limiter, and how logins and refreshes share it. Each process counts for itself. */
export interface PaceOptions {
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

/** A login that may be sent to the backend. */
export interface LoginTurn {
  /** The backend has answered it: what it says of its limiter. */
  answered(status: number, headers: Headers): void
  /** The backend has not answered it: its limiter did not count it. */
  unanswered(): void
  /** It succeeded: no stranger's, it counts with the refreshes. */
  succeeded(): void
}

/**
 * Keeps this server below a limiter that logins and refreshes share. Each of the two has a part of its own: whatever
 * strangers try at the login, the part of the refreshes is left. A login that the backend counts for its visitor is not
 * counted here, and a backend that shows no limiter holds no login.
 *
 * Without options the backend's word counts: `X-RateLimit-Limit` of what it answers to a login.
 */
export function createPace(options: PaceOptions, clock: Clock) {
  const { windowMs = DEFAULT_WINDOW_MS } = options
  const isTold = Object.values(options).some((value) => value !== undefined)
  let max = options.max ?? DEFAULT_MAX
  let isLimited = true
  let logins: number[] = []
  let refreshes: number[] = []

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
    const said = Number(headers.get('x-ratelimit-limit'))
    const limit = Number.isSafeInteger(said) && said > 0 ? said : undefined
    isLimited = isTold || limit !== undefined || status === 429
    if (options.max === undefined) max = limit ?? DEFAULT_MAX
  }

  function giveBack(at: number): boolean {
    const place = logins.indexOf(at)
    if (place >= 0) logins.splice(place, 1)
    return place >= 0
  }

  return {
    /** Takes one, or answers how long there will be none; milliseconds. */
    login(): LoginTurn | number {
      forget()
      const wait = Math.max(waitFor(logins, partOfLogins()), waitFor([...logins, ...refreshes], max))
      if (isLimited && wait > 0) return wait
      const at = clock.monotonic()
      const isTaken = isLimited
      if (isTaken) logins.push(at)
      return {
        answered: hear,
        unanswered: () => void (isTaken && giveBack(at)),
        succeeded: () => void (isTaken && giveBack(at) && refreshes.push(at)),
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

export type Pace = ReturnType<typeof createPace>

/** Refuses what cannot work. */
export function readPace(pace: PaceOptions = {}): PaceOptions {
  for (const name of ['max', 'windowMs', 'reservedForLogins'] as const)
    if (pace[name] !== undefined && !(pace[name] > 0))
      throw new Misconfigured(`Option "pace.${name}" must be a number above 0.`)
  return pace
}
