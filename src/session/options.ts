import { isDevelopment } from '#development'
import type { SessionInput } from '../../machines/session.context.ts'
import type { RefreshPolicy, SessionUser, UserIdentity } from '../../machines/session.types.ts'
import { type Clock, systemClock } from '../base/clock.ts'
import { Misconfigured } from '../base/errors.ts'
import { parseUrl } from '../base/parseUrl.ts'
import { type UserSchema, userReader } from '../base/userReader.ts'
import type { Coordinator } from '../coordination/coordinator.ts'
import type { SessionStore } from '../stores/store.ts'
import { checkOptions } from './checkOptions.ts'
import type { ExpiresAtUnit } from './lifetime.ts'
import type { SessionNotice, SessionSignal } from './notice.ts'
import type { SessionRecorder } from './recorder.ts'
import type { SessionStrategy } from './strategy.ts'

/**
 * How a session works. Only `baseUrl` and `strategies` must be given; `createSession` throws `Misconfigured` for what
 * cannot work. Under the import condition `production`, which bundlers set when they build for it, only URLs and times are
 * checked: they may come from a configuration. The other mistakes are in code, and show at its first run in development.
 */
export interface SessionOptions<User extends UserIdentity = SessionUser> {
  /** The backend, absolute. Relative inputs of `fetch` and the paths of the strategies resolve against it. */
  readonly baseUrl: string
  /** How to refresh, by provider. The key is what `login` names. */
  readonly strategies: Readonly<Record<string, SessionStrategy>>
  /**
   * Reads the user of a login and of a renewal: any [Standard Schema](https://standardschema.dev) that answers at once,
   * and leaves the `id` as it is. The session is typed by it. A user that misfits refuses a login (`InvalidAnswer`, or
   * `Misconfigured` for a Promise); at a renewal, and where a stored session is found, the session keeps its tokens and
   * the user that it had, and tells `warning` `userMisfit`. Keep `tenantId` in it where two tenants may have one `id`.
   * @default the known fields of `SessionUser`
   *
   * @example
   * const session = createSession({
   *   baseUrl: 'https://chat.example.com',
   *   strategies: { openid: openidStrategy() },
   *   user: z.object({ id: z.string(), roles: z.array(z.string()) }),
   * })
   */
  readonly user?: UserSchema<User>
  /**
   * Who refreshes: a timer while the user is not idle, the next caller, or the user after a warning.
   * @default 'eager'
   */
  readonly refresh?: RefreshPolicy
  /**
   * How long before its end a bearer counts as due, milliseconds; never more than half its life.
   * @default 30_000
   */
  readonly leadTimeMs?: number
  /**
   * How long a caller waits for a refresh, milliseconds. The refresh itself goes on.
   * @default 8_000
   */
  readonly patienceMs?: number
  /**
   * How long one attempt may take, headers and body, milliseconds.
   * @default 25_000
   */
  readonly attemptTimeoutMs?: number
  /**
   * Life of a bearer whose answer says nothing about it, milliseconds; at most `maxLifetimeMs`.
   * @default Infinity: unknown, only a 401 tells
   */
  readonly lifetimeMs?: number
  /**
   * No bearer is trusted for longer, milliseconds.
   * @default 86_400_000 (24 hours)
   */
  readonly maxLifetimeMs?: number
  /**
   * Ends the session after this much time without user activity, milliseconds. Refused without `signals`, which tell
   * of that activity.
   * @default Infinity
   */
  readonly idleTimeoutMs?: number
  /**
   * Ends the session this long after the login, milliseconds.
   * @default Infinity
   */
  readonly absoluteLifetimeMs?: number
  /**
   * How `expiresAt` of an answer is read.
   * @default 'auto'
   */
  readonly expiresAtUnit?: ExpiresAtUnit
  /**
   * Origins besides that of `baseUrl` that are sent the bearer.
   * @default []
   */
  readonly allowedOrigins?: readonly string[]
  /** Shares refreshes with other sessions of the process that hold the same tokens. */
  readonly coordinator?: Coordinator
  /**
   * Keeps the session beyond this object, and shares it with peers. Where these run at the same time, a `coordinator`
   * keeps two of them from spending one refresh token.
   */
  readonly store?: SessionStore
  /**
   * Sends the calls of `session.fetch`, and, where given, the refreshes too.
   * @default the platform's `fetch`, and a fresh connection for each refresh on Node
   */
  readonly fetch?: typeof globalThis.fetch
  /**
   * Reads time and sets timers; tests give their own.
   * @default the platform's clocks and timers
   */
  readonly clock?: Clock
  /**
   * Jitter; answers a number from 0 up to 1.
   * @default Math.random
   */
  readonly random?: () => number
  /**
   * Starts to report user activity, connectivity and wake-ups; answers a function that stops. What `report` answers
   * resolves when it is known what became of the session by that.
   */
  readonly signals?: (report: (signal: SessionSignal) => Promise<void>) => () => void
  /** Told of everything that happens, after it happened. */
  readonly observe?: (notice: SessionNotice) => void
  /** Keeps the last that happened, for whoever asks why a session ended: `createRecorder` of `xstate-session/recorder`. */
  readonly recorder?: SessionRecorder
  /**
   * Told of what a listener or `observe` threw.
   * @default console.error
   */
  readonly onListenerError?: (error: unknown) => void
}

export type Settings = ReturnType<typeof readOptions>

/** A timer, and so a wait, is never longer. */
export const MAX_WAIT_MS = 2 ** 31 - 1
const WAITS = ['leadTimeMs', 'patienceMs', 'attemptTimeoutMs'] as const
const LIFETIMES = ['lifetimeMs', 'maxLifetimeMs', 'idleTimeoutMs', 'absoluteLifetimeMs'] as const

const withDefaults = (options: SessionOptions<UserIdentity>) => ({
  refresh: 'eager' as RefreshPolicy,
  leadTimeMs: 30_000,
  patienceMs: 8_000,
  attemptTimeoutMs: 25_000,
  lifetimeMs: Infinity,
  maxLifetimeMs: 86_400_000,
  idleTimeoutMs: Infinity,
  absoluteLifetimeMs: Infinity,
  expiresAtUnit: 'auto' as ExpiresAtUnit,
  allowedOrigins: [] as readonly string[],
  clock: systemClock,
  random: Math.random as () => number,
  onListenerError: console.error as (error: unknown) => void,
  ...(Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined),
  ) as unknown as SessionOptions<UserIdentity>),
})

/** Fills in the defaults and refuses what cannot work. */
export function readOptions(options: SessionOptions<UserIdentity>) {
  const settings = withDefaults(options)
  const { allowedOrigins } = settings
  // What comes from a configuration may be wrong in production alone.
  for (const name of WAITS) {
    const ms = settings[name]
    refuseUnless(isAbove0(ms) && ms <= MAX_WAIT_MS, name, `milliseconds above 0 and at most ${MAX_WAIT_MS}`)
  }
  for (const name of LIFETIMES) refuseUnless(isAbove0(settings[name]), name, 'milliseconds above 0')
  if (isDevelopment) checkOptions(settings)
  const base = readBase(settings.baseUrl, 'baseUrl')
  if (!base.pathname.endsWith('/')) base.pathname += '/'
  return {
    ...settings,
    users: userReader(settings.user),
    baseUrl: base.href,
    origin: base.origin,
    origins: new Set([base.origin, ...allowedOrigins.map((o) => readBase(o, 'allowedOrigins').origin)]),
  }
}

/** What the chart of these settings is started with. */
export const inputOf = (settings: Settings): SessionInput => ({
  policy: settings.refresh,
  idleTimeoutMs: settings.idleTimeoutMs,
  absoluteLifetimeMs: settings.absoluteLifetimeMs,
  shared: settings.store !== undefined,
  ...(settings.store ? {} : { facts: null }),
})

function refuseUnless(isFit: unknown, name: string, what: string): asserts isFit {
  if (!isFit) throw new Misconfigured(`Option "${name}" must be ${what}.`)
}

const isAbove0 = (value: unknown) => typeof value === 'number' && value > 0

function readBase(value: string, name: string): URL {
  const url = parseUrl(value)
  refuseUnless(
    url && /^https?:/.test(url.protocol) && !(url.username || url.password || url.search || url.hash),
    name,
    'an absolute http(s) URL without user, query and fragment',
  )
  return url
}
