import { isDevelopment } from '#development'
import type { SessionInput } from '../../machines/session.context.ts'
import type { RefreshPolicy, SessionUser, UserIdentity } from '../../machines/session.types.ts'
import { type Clock, systemClock } from '../base/clock.ts'
import {
  ATTEMPT_TIMEOUT_MS,
  LEAD_TIME_MS,
  LONGEST_TIMER_MS,
  MAX_LIFETIME_MS,
  PATIENCE_MS,
} from '../base/durations.ts'
import { Misconfigured } from '../base/errors.ts'
import { optionsOf } from '../base/optionsOf.ts'
import { parseUrl } from '../base/parseUrl.ts'
import { refuseMisspelt } from '../base/refuseMisspelt.ts'
import { type UserSchema, userReader } from '../base/userReader.ts'
import { whereFrom } from '../base/whereFrom.ts'
import type { Coordinator } from '../coordination/coordinator.ts'
import type { SessionStore } from '../stores/store.ts'
import { checkOptions } from './checkOptions.ts'
import type { ExpiresAtUnit } from './lifetime.ts'
import type { SessionNotice, SessionSignal } from './notice.ts'
import type { SessionRecorder } from './recorder.ts'
import type { SessionStrategy } from './strategy.ts'

/**
 * The options of a session. Only `baseUrl` and `strategies` are required. `createSession` throws `Misconfigured` for
 * options that cannot work. Under the import condition `production`, which bundlers set for a production build, it
 * checks only URLs and times, because they may come from a configuration. Other mistakes are in code, and show at its
 * first run in development.
 */
export interface SessionOptions<User extends UserIdentity = SessionUser> {
  /** The backend, absolute. Relative inputs of `fetch` and the paths of the strategies resolve against it. */
  readonly baseUrl: string
  /** How to refresh, by provider. `login` names the key. */
  readonly strategies: Readonly<Record<string, SessionStrategy>>
  /**
   * Reads the user of a login and of a renewal: any [Standard Schema](https://standardschema.dev) that answers at once
   * and keeps the `id`. It gives the session its type. A login whose user does not match is refused (`InvalidAnswer`,
   * or `Misconfigured` for a Promise). At a renewal, and for a stored session, the session keeps its tokens and its
   * present user, and reports `warning` `userMisfit`. Keep `tenantId` in the schema if two tenants may have one `id`.
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
   * Who asks for a refresh: a timer while the user is not idle, the next caller, or the user after a warning.
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
   * The life of a bearer whose answer does not say it, milliseconds; at most `maxLifetimeMs`.
   * @default Infinity: unknown, only a 401 tells
   */
  readonly lifetimeMs?: number
  /**
   * The longest life of a bearer that is believed, milliseconds.
   * @default 86_400_000 (24 hours)
   */
  readonly maxLifetimeMs?: number
  /**
   * Ends the session after this time without user activity, milliseconds. Refused without `signals`, which report that
   * activity.
   * @default Infinity
   */
  readonly idleTimeoutMs?: number
  /**
   * Ends the session this long after the login, milliseconds.
   * @default Infinity
   */
  readonly absoluteLifetimeMs?: number
  /**
   * The unit of `expiresAt` in an answer.
   * @default 'auto'
   */
  readonly expiresAtUnit?: ExpiresAtUnit
  /**
   * Origins that also get the bearer, besides that of `baseUrl`.
   * @default []
   */
  readonly allowedOrigins?: readonly string[]
  /** Shares refreshes with other sessions of the process that hold the same tokens. */
  readonly coordinator?: Coordinator
  /**
   * Keeps the session beyond this object, and shares it with peers. If peers run at the same time, a `coordinator`
   * prevents two of them from spending one refresh token.
   */
  readonly store?: SessionStore
  /**
   * Sends the calls of `session.fetch`. If given, it also sends the refreshes.
   * @default the platform's `fetch`, and a fresh connection for each refresh on Node
   */
  readonly fetch?: typeof globalThis.fetch
  /**
   * Reads time and sets timers; tests pass their own.
   * @default the platform's clocks and timers
   */
  readonly clock?: Clock
  /**
   * Jitter; returns a number from 0 up to 1.
   * @default Math.random
   */
  readonly random?: () => number
  /**
   * Starts to report user activity, connectivity and wake-ups; returns a function that stops it. The promise of
   * `report` resolves when the effect on the session is known.
   */
  readonly signals?: (report: (signal: SessionSignal) => Promise<void>) => () => void
  /** Called with every notice, after the event. */
  readonly observe?: (notice: SessionNotice) => void
  /**
   * Keeps the last events, so that you can find out why a session ended: `createRecorder` of `xstate-session/recorder`.
   */
  readonly recorder?: SessionRecorder
  /**
   * Called with the errors of listeners, of `observe` and of `signals`.
   * @default console.error
   */
  readonly onListenerError?: (error: unknown) => void
}

export type Settings = ReturnType<typeof readOptions>

const WAITS = ['leadTimeMs', 'patienceMs', 'attemptTimeoutMs'] as const
const LIFETIMES = ['lifetimeMs', 'maxLifetimeMs', 'idleTimeoutMs', 'absoluteLifetimeMs'] as const

const withDefaults = (options: SessionOptions<UserIdentity>) => ({
  refresh: 'eager' as RefreshPolicy,
  leadTimeMs: LEAD_TIME_MS,
  patienceMs: PATIENCE_MS,
  attemptTimeoutMs: ATTEMPT_TIMEOUT_MS,
  lifetimeMs: Infinity,
  maxLifetimeMs: MAX_LIFETIME_MS,
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

const NAMES = Object.keys({
  baseUrl: true,
  strategies: true,
  user: true,
  refresh: true,
  leadTimeMs: true,
  patienceMs: true,
  attemptTimeoutMs: true,
  lifetimeMs: true,
  maxLifetimeMs: true,
  idleTimeoutMs: true,
  absoluteLifetimeMs: true,
  expiresAtUnit: true,
  allowedOrigins: true,
  coordinator: true,
  store: true,
  fetch: true,
  clock: true,
  random: true,
  signals: true,
  observe: true,
  recorder: true,
  onListenerError: true,
} satisfies Record<keyof SessionOptions<UserIdentity>, true>)

/** Fills in the defaults, and refuses options that cannot work. */
export function readOptions(options: SessionOptions<UserIdentity>, factory = 'createSession') {
  const settings = withDefaults(optionsOf(factory, options))
  const { allowedOrigins } = settings
  // Values of a configuration may be wrong in production only.
  for (const name of WAITS) {
    const ms = settings[name]
    refuseUnless(
      isAbove0(ms) && ms <= LONGEST_TIMER_MS,
      name,
      `milliseconds above 0 and at most ${LONGEST_TIMER_MS}`,
    )
  }
  for (const name of LIFETIMES) refuseUnless(isAbove0(settings[name]), name, 'milliseconds above 0')
  if (isDevelopment) {
    refuseMisspelt(options, NAMES)
    checkOptions(settings)
  }
  const base = readBase(settings.baseUrl, 'baseUrl')
  if (!base.pathname.endsWith('/')) base.pathname += '/'
  return {
    ...settings,
    users: userReader(settings.user),
    baseUrl: base.href,
    origin: base.origin,
    origins: [base.origin, ...allowedOrigins.map((o) => readBase(o, 'allowedOrigins').origin)],
  }
}

/** The input of the chart for these settings. */
export const inputOf = (settings: Settings): SessionInput => ({
  policy: settings.refresh,
  idleTimeoutMs: settings.idleTimeoutMs,
  absoluteLifetimeMs: settings.absoluteLifetimeMs,
  shared: settings.store !== undefined,
  ...(settings.store ? {} : { facts: null }),
})

function refuseUnless(isFit: unknown, name: string, what: string, hint = ''): asserts isFit {
  if (!isFit) throw new Misconfigured(`Option "${name}" must be ${what}.${hint}`)
}

const isAbove0 = (value: unknown) => typeof value === 'number' && value > 0

function readBase(value: string, name: string): URL {
  const url = parseUrl(value)
  refuseUnless(
    url && /^https?:/.test(url.protocol) && !(url.username || url.password || url.search || url.hash),
    name,
    'an absolute http(s) URL without user, query and fragment',
    whereFrom(value),
  )
  return url
}
