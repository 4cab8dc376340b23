import { isBrowser } from '#browser'
import { isDevelopment } from '#development'
import type { SessionInput } from '../../machines/session.context.ts'
import type { RefreshPolicy, SessionUser, UserDocument, UserIdentity } from '../../machines/session.types.ts'
import { assertHas } from '../base/assertHas.ts'
import { checkKinds, type Kind } from '../base/checkKinds.ts'
import { type Clock, systemClock } from '../base/clock.ts'
import { ATTEMPT_TIMEOUT_MS, LEAD_TIME_MS, LONGEST_TIMER_MS, PATIENCE_MS } from '../base/durations.ts'
import { Misconfigured } from '../base/errors.ts'
import { optionsOf } from '../base/optionsOf.ts'
import { parseUrl } from '../base/parseUrl.ts'
import { type UserSchema, userReader } from '../base/userReader.ts'
import { whereFrom } from '../base/whereFrom.ts'
import type { SessionNotice, SessionSignal } from '../session/notice.ts'
import type { SessionRecorder } from '../session/recorder.ts'
import { type BffFacts, readFacts } from './facts.ts'
import type { BffPage } from './page.ts'

/**
 * The options of a session behind a server. `createBffSession` throws `Misconfigured` for options that cannot work.
 * Under the import condition `production` it does not look for mistakes in code: see `SessionOptions`.
 */
export interface BffSessionOptions<User extends UserIdentity = SessionUser> {
  /**
   * The page's own origin, absolute, with or without the panel's path. Relative inputs of `fetch` resolve against it.
   * @default `location.origin`. On a server that renders the page there is none: the session then only shows its `facts`.
   * It sends nothing, sets no timer, and stays pending without facts
   */
  readonly baseUrl?: string
  /**
   * The address of the server's own endpoints; resolved against `baseUrl`. For a panel under a path give the path from
   * the root: `/panel/session/`.
   * @default 'session/'
   */
  readonly path?: string
  /**
   * The facts that the server rendered into this page; `null`: nobody is logged in.
   * @default the session asks for them, and is pending until the answer
   */
  readonly facts?: BffFacts<UserDocument> | BffFacts<UserIdentity> | null
  /**
   * Reads the user of the server's answers: any [Standard Schema](https://standardschema.dev) that answers at once and
   * keeps the `id`. Give the server the same schema: it sends its own schema's output as JSON. The schema gives the
   * session its type. A login of this page whose user does not match is refused (`InvalidAnswer`, or `Misconfigured`
   * for a Promise). A present session keeps its present user, and reports `warning` `userMisfit`.
   * @default the known fields of `SessionUser`
   *
   * @example
   * const session = createBffSession({ user: z.object({ id: z.string(), roles: z.array(z.string()) }) })
   */
  readonly user?: UserSchema<User>
  /**
   * The page of the session, with its tabs and signals: `browserPage()` of `xstate-session/browser`.
   * @default the session receives no signals, and shares nothing with other tabs
   */
  readonly page?: BffPage
  /**
   * Starts to report user activity, connectivity and wake-ups, in addition to `page`; returns a function that stops it.
   */
  readonly signals?: (report: (signal: SessionSignal) => Promise<void>) => () => void
  /**
   * Who asks the server to refresh: a timer while the user is not idle, the next caller, or the user after a warning.
   * @default 'eager'
   */
  readonly refresh?: RefreshPolicy
  /**
   * How long before its end a bearer counts as due, milliseconds; never more than half its life. As on the server.
   * @default 30_000
   */
  readonly leadTimeMs?: number
  /**
   * How long a caller waits until it is known who is logged in, or for a refresh that it asked for; milliseconds.
   * @default 8_000
   */
  readonly patienceMs?: number
  /**
   * How long one attempt may take, headers and body, milliseconds.
   * @default 25_000
   */
  readonly attemptTimeoutMs?: number
  /**
   * Ends the session after this much time without user activity, milliseconds. Needs `page` or `signals`.
   * @default Infinity
   */
  readonly idleTimeoutMs?: number
  /**
   * Ends the session this long after the page has found it, milliseconds. The server has a limit of its own.
   * @default Infinity
   */
  readonly absoluteLifetimeMs?: number
  /**
   * Sends everything.
   * @default the platform's `fetch`
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
   * Sends the browser elsewhere: to the identity provider, for a login that begins there, and after a logout where the
   * server says so (its option `endSessionOrigins`).
   * @default location.assign
   */
  readonly navigate?: (url: string) => void
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

export type BffSettings = ReturnType<typeof readBffOptions>

const KINDS: Readonly<Record<keyof BffSessionOptions, Kind>> = {
  baseUrl: 'checked',
  path: 'a text',
  facts: 'checked',
  user: 'checked',
  page: 'checked',
  signals: 'a function',
  refresh: 'checked',
  leadTimeMs: 'checked',
  patienceMs: 'checked',
  attemptTimeoutMs: 'checked',
  idleTimeoutMs: 'checked',
  absoluteLifetimeMs: 'checked',
  fetch: 'a function',
  clock: 'a clock: an object with "wall", "monotonic" and "setTimer"',
  random: 'a function',
  navigate: 'a function',
  observe: 'a function',
  recorder: 'checked',
  onListenerError: 'a function',
}

const WAITS = ['leadTimeMs', 'patienceMs', 'attemptTimeoutMs'] as const
const LIMITS = ['idleTimeoutMs', 'absoluteLifetimeMs'] as const

/** Fills in the defaults, and refuses options that cannot work. */
export function readBffOptions(options: BffSessionOptions<UserIdentity>, factory = 'createBffSession') {
  const settings = {
    baseUrl: globalThis.location?.origin ?? '',
    path: 'session/',
    refresh: 'eager' as RefreshPolicy,
    leadTimeMs: LEAD_TIME_MS,
    patienceMs: PATIENCE_MS,
    attemptTimeoutMs: ATTEMPT_TIMEOUT_MS,
    idleTimeoutMs: Infinity,
    absoluteLifetimeMs: Infinity,
    fetch: globalThis.fetch.bind(globalThis),
    clock: systemClock,
    random: Math.random as () => number,
    navigate: (url: string) => globalThis.location.assign(url),
    onListenerError: console.error as (error: unknown) => void,
    ...(Object.fromEntries(
      Object.entries(optionsOf(factory, options)).filter(([, value]) => value !== undefined),
    ) as BffSessionOptions<UserIdentity>),
  }
  for (const name of WAITS) {
    const ms = settings[name]
    refuseUnless(
      isAbove0(ms) && ms <= LONGEST_TIMER_MS,
      name,
      `milliseconds above 0 and at most ${LONGEST_TIMER_MS}`,
    )
  }
  for (const name of LIMITS) refuseUnless(isAbove0(settings[name]), name, 'milliseconds above 0')
  if (isDevelopment) {
    checkKinds(options, KINDS)
    if (settings.page)
      assertHas(settings.page, ['open'], 'Option "page"', 'a page: what browserPage() returns')
    if (settings.recorder)
      assertHas(settings.recorder, ['attach'], 'Option "recorder"', 'what createRecorder() returns')
    // A developer meets these mistakes at the first run. The other values may come from a configuration, or from the
    // server.
    refuseUnless(
      ['eager', 'onDemand', 'prompt'].includes(settings.refresh),
      'refresh',
      '"eager", "onDemand" or "prompt"',
    )
    refuseUnless(
      settings.idleTimeoutMs === Infinity || settings.page || settings.signals,
      'idleTimeoutMs',
      'given with "page" (browserPage of xstate-session/browser) or "signals": nothing else reports the activity of the user',
    )
  }
  // A module that makes a session is also loaded by the server that renders its page, unless it was bundled for
  // browsers.
  const isInert = !isBrowser && options.baseUrl === undefined && !globalThis.location
  const base = parseUrl(isInert ? NOWHERE : settings.baseUrl)
  refuseUnless(
    base && /^https?:/.test(base.protocol) && !(base.username || base.password || base.search || base.hash),
    'baseUrl',
    'an absolute http(s) URL without user, query and fragment',
    whereFrom(settings.baseUrl),
  )
  if (!base.pathname.endsWith('/')) base.pathname += '/'
  const root = parseUrl(settings.path.endsWith('/') ? settings.path : `${settings.path}/`, base.href)
  refuseUnless(
    root?.origin === base.origin && !root.search && !root.hash,
    'path',
    isDevelopment ? "a path of the page's own origin" : 'valid',
  )
  const known = settings.facts && readFacts(settings.facts)
  refuseUnless(
    !settings.facts || known,
    'facts',
    isDevelopment ? 'what the server answers to "GET {path}", or null' : 'valid',
  )
  return {
    ...settings,
    // No page listens to a render, and no timer may outlive it.
    ...(isInert ? { page: undefined, signals: undefined, clock: atStandstill(settings.clock) } : {}),
    /** There is no page, so there is nothing to keep alive. */
    isInert,
    users: userReader(settings.user),
    baseUrl: base.href,
    origin: base.origin,
    /** The address of the server's endpoints. */
    root: root.href,
    /** `null`: nobody is logged in. `undefined`: not known yet. */
    facts: settings.facts === null ? null : known || undefined,
  }
}

/** The input of the chart for these settings. */
export const inputOf = ({
  refresh,
  idleTimeoutMs,
  absoluteLifetimeMs,
  clock,
}: BffSettings): SessionInput => ({
  at: clock.wall(),
  policy: refresh,
  idleTimeoutMs,
  absoluteLifetimeMs,
})

function refuseUnless(isFit: unknown, name: string, what: string, hint = ''): asserts isFit {
  if (!isFit) throw new Misconfigured(`Option "${name}" must be ${what}.${hint}`)
}

/** The origin of a page that does not exist. */
const NOWHERE = 'http://page.invalid'

const atStandstill = ({ wall, monotonic }: Clock): Clock => ({
  wall: () => wall(),
  monotonic: () => monotonic(),
  setTimer: () => () => {},
})

const isAbove0 = (value: unknown) => typeof value === 'number' && value > 0
