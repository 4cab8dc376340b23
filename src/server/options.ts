import { mac } from '#crypto'
import type { ResendPolicy } from '../../machines/session.types.ts'
import { type Clock, systemClock } from '../base/clock.ts'
import { Misconfigured } from '../base/errors.ts'
import { coalescer } from '../coordination/coalescer.ts'
import type { Coordinator } from '../coordination/coordinator.ts'
import { inProcessCoordinator } from '../coordination/inProcess.ts'
import type { EntryStore } from '../stores/entryStore.ts'
import { memoryEntries } from '../stores/memoryEntries.ts'
import type { BackChannelVerifier } from './backChannelVerifier.ts'
import type { ServerNotice } from './notice.ts'
import { type PaceOptions, readPace } from './pace.ts'
import { patientFetch } from './patientFetch.ts'
import { isLoopback, isPlainHttp, plainHttpWarning } from './plainHttp.ts'

/** How the server of a panel works. `baseUrl`, `publicUrl` and `secrets` must be given. */
export interface SessionServerOptions {
  /** The backend, absolute, as this server reaches it. */
  readonly baseUrl: string
  /** The backend, absolute, as browsers reach it: where the OpenID login starts. @default baseUrl */
  readonly browserBaseUrl?: string
  /** Where browsers see the panel, its base path included: `https://admin.example.com/`. Its origin is ours. */
  readonly publicUrl: string
  /** Seal everything; at least 32 characters each. The first seals, all unseal: put a new one in front. */
  readonly secrets: readonly string[]
  /** Keeps the sessions. @default memoryEntries(): they end with the process */
  readonly store?: EntryStore
  /**
   * Keeps a session in sealed cookies of the browser instead of in a store: for platforms that keep nothing between
   * requests. A copied cookie then works until its session ends by time or its refresh token is spent, and a logout
   * reaches only the processes that know of it, and each of them counts wrong second factors for itself. Give a `coordinator` that spans the processes. @default false
   */
  readonly sealedCookies?: boolean
  /**
   * Makes one refresh of those that several processes want at a time; a store keeps them from spending a token twice
   * without it. @default one for this process
   */
  readonly coordinator?: Coordinator
  /**
   * The cookies' name, without prefix; letters, digits, `-` and `_`. Give panels of one host whose paths lie in each other
   * a name each. @default 'session'
   */
  readonly cookieName?: string
  /** Under `publicUrl`: where this server's own endpoints are. @default 'session/' */
  readonly path?: string
  /** Under `publicUrl`: where the backend sends the browser after the OpenID login. @default 'auth/openid/callback' */
  readonly callbackPath?: string
  /** Under `publicUrl`: the panel's login page, for what goes wrong in the OpenID login. @default 'login' */
  readonly loginPath?: string
  /**
   * What of the backend the panel may call: path prefix to methods. The areas where it hands out tokens
   * (`api/admin/login`, `api/admin/oauth`, `api/auth` but for the enrolment of a second factor, and any `oauth`
   * elsewhere) are never among it, however wide a prefix is. Nor is a path that two parsers could read differently:
   * a stray `%`, an encoded separator, path parameters (`;`), bytes that are no UTF-8.
   * @default `{ '/api/admin/': all }`
   */
  readonly api?: Readonly<Record<string, readonly string[]>>
  /** The tenant of a session, asked once, at login. It is sent with OpenID refreshes. */
  readonly resolveTenant?: (request: Request) => string | undefined | Promise<string | undefined>
  /** The client's address, sent as `X-Forwarded-For`: for a backend that trusts this server. */
  readonly forwardClientIp?: (request: Request, info: RequestInfo) => string | undefined
  /** Whether a request shows a user at work, rather than a page that polls. @default `isUserActivity` */
  readonly isUserActivity?: (request: Request) => boolean
  /** Ends a session after this much time without a user; milliseconds. @default 1_800_000 (30 minutes) */
  readonly idleTimeoutMs?: number
  /** Ends a session this long after its login; milliseconds. @default 604_800_000 (7 days) */
  readonly absoluteLifetimeMs?: number
  /** How long a verification is trusted; milliseconds. @default 60_000 */
  readonly revalidateMs?: number
  /** As `SessionOptions.leadTimeMs`. @default 30_000 */
  readonly leadTimeMs?: number
  /** As `SessionOptions.patienceMs`. @default 8_000 */
  readonly patienceMs?: number
  /** As `SessionOptions.attemptTimeoutMs`. @default 25_000 */
  readonly attemptTimeoutMs?: number
  /**
   * How long the backend may be silent in the middle of an answer that is passed on; milliseconds. Then it is broken off.
   * @default Infinity: a stream of events may be silent for as long as it likes
   */
  readonly bodyTimeoutMs?: number
  /** Life of a bearer whose answer says nothing about it; milliseconds. @default Infinity: only a 401 tells */
  readonly lifetimeMs?: number
  /** As `OpenidStrategyOptions.resend`. @default 'afterBearerEnds' */
  readonly resend?: ResendPolicy
  /** As `OpenidStrategyOptions.trust503`, for every login. @default false */
  readonly trust503?: boolean
  /** As `OpenidStrategyOptions.trust404`, for every login. @default false */
  readonly trust404?: boolean
  /**
   * Keeps refreshes below the backend's shared limiter, and logins of strangers out of the part of refreshes; `false`: it
   * has none.
   * @default 7 in 5 minutes, until the backend says otherwise
   */
  readonly pace?: PaceOptions | false
  /** Calls the backend's logout for OpenID sessions; see `OpenidStrategyOptions.backendLogout`. @default false */
  readonly openidBackendLogout?: boolean
  /** Origins of end-session URLs that the page may be sent to after a logout. @default none */
  readonly endSessionOrigins?: readonly string[]
  /** Accepts logouts by the provider: `backChannelLogout` of `xstate-session/backchannel`. */
  readonly backChannelLogout?: BackChannelVerifier
  /** Told of everything that happens. No token, no personal data. What it throws is written to `console.error`. */
  readonly observe?: (notice: ServerNotice) => void
  /**
   * Sends the proxy's calls, and, where given, logins and refreshes too.
   * @default the platform's `fetch`, and a fresh connection for each refresh on Node
   */
  readonly fetch?: typeof globalThis.fetch
  /**
   * Reads time and sets timers.
   * @default the platform's clocks and timers
   */
  readonly clock?: Clock
  /**
   * Jitter; answers a number from 0 up to 1.
   * @default Math.random
   */
  readonly random?: () => number
}

/** What a server knows of a request besides the request. */
export interface RequestInfo {
  /** The address of the other end of the connection. */
  readonly remoteAddress?: string
}

export type ServerSettings = ReturnType<typeof readServerOptions>

const POSITIVE = [
  'idleTimeoutMs',
  'absoluteLifetimeMs',
  'revalidateMs',
  'leadTimeMs',
  'patienceMs',
  'attemptTimeoutMs',
  'bodyTimeoutMs',
  'lifetimeMs',
] as const

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']

/** Fills in the defaults and refuses what cannot work. */
export function readServerOptions(options: SessionServerOptions) {
  const clock = options.clock ?? systemClock
  const settings = {
    cookieName: 'session',
    path: 'session/',
    callbackPath: 'auth/openid/callback',
    loginPath: 'login',
    api: { '/api/admin/': METHODS } as Readonly<Record<string, readonly string[]>>,
    resolveTenant: (() => undefined) as NonNullable<SessionServerOptions['resolveTenant']>,
    forwardClientIp: (() => undefined) as NonNullable<SessionServerOptions['forwardClientIp']>,
    isUserActivity,
    idleTimeoutMs: 1_800_000,
    absoluteLifetimeMs: 604_800_000,
    revalidateMs: 60_000,
    leadTimeMs: 30_000,
    patienceMs: 8_000,
    attemptTimeoutMs: 25_000,
    bodyTimeoutMs: Infinity,
    lifetimeMs: Infinity,
    openidBackendLogout: false,
    sealedCookies: false,
    trust503: false,
    trust404: false,
    random: Math.random as () => number,
    ...(Object.fromEntries(
      Object.entries(options).filter(([, value]) => value !== undefined),
    ) as unknown as SessionServerOptions),
    clock,
    observe: isolated(options.observe),
  }
  for (const name of POSITIVE)
    if (!(settings[name] > 0)) throw new Misconfigured(`Option "${name}" must be milliseconds above 0.`)
  const base = readUrl(settings.baseUrl, 'baseUrl')
  const publicUrl = readUrl(settings.publicUrl, 'publicUrl')
  if (publicUrl.protocol === 'http:' && !isLoopback(publicUrl.hostname))
    throw new Misconfigured(
      'Option "publicUrl" must be an https URL: over plain http everybody on the way can read the session cookie. Only localhost may do without.',
    )
  const browserBase = readUrl(settings.browserBaseUrl ?? settings.baseUrl, 'browserBaseUrl')
  const root = readPath(publicUrl, settings.path, 'path')
  const callback = readPath(publicUrl, settings.callbackPath, 'callbackPath')
  const login = readPath(publicUrl, settings.loginPath, 'loginPath')
  const endSessionOrigins = (settings.endSessionOrigins ?? []).map((o) => readUrl(o, 'endSessionOrigins'))
  const browsers = settings.browserBaseUrl === undefined ? [] : [browserBase]
  const urls = { baseUrl: [base], browserBaseUrl: browsers, endSessionOrigins }
  for (const option of ['baseUrl', 'browserBaseUrl', 'endSessionOrigins'] as const) {
    if (!urls[option].some(isPlainHttp)) continue
    if (options.observe) void settings.observe({ type: 'plainHttp', option })
    else console.warn(plainHttpWarning(option))
  }
  const { pace } = options
  if (settings.sealedCookies && settings.store)
    throw new Misconfigured(
      'Options "store" and "sealedCookies" exclude each other: a session is kept in one place.',
    )
  if (settings.sealedCookies && settings.backChannelLogout)
    throw new Misconfigured(
      'Options "sealedCookies" and "backChannelLogout" exclude each other: a session that only its browser holds cannot be found to end it. Keep sessions in a store.',
    )
  if (!/^[A-Za-z\d][\w-]{0,63}$/.test(settings.cookieName))
    throw new Misconfigured(
      'Option "cookieName" must be 1 to 64 letters, digits, "-" and "_", and start with a letter or digit.',
    )
  const ownRoot = root.endsWith('/') ? root : `${root}/`
  return {
    ...settings,
    baseUrl: base.href,
    browserBaseUrl: browserBase.href,
    publicUrl,
    origin: publicUrl.origin,
    isSecure: publicUrl.protocol === 'https:',
    /** Paths as requests name them; `root` ends with `/`. */
    paths: {
      root: ownRoot,
      callback,
      login,
      openidStart: `${ownRoot}openid/start`,
      providerLogout: `${ownRoot}logout/provider`,
    },
    pace: pace === false ? undefined : readPace(pace),
    endSessionOrigins: new Set(endSessionOrigins.map(({ origin }) => origin)),
    store: settings.sealedCookies ? shortMemory(clock) : (settings.store ?? memoryEntries({ clock })),
    coordinator: settings.coordinator ?? ownCoordinator(settings),
    fetch: settings.fetch ?? patientFetch(globalThis.fetch.bind(globalThis)),
    /** Absent: refreshes and logins use the platform's transport. */
    wireFetch: settings.fetch,
  }
}

/** What a listener throws is its own affair. */
function isolated(observe: SessionServerOptions['observe']) {
  return async (notice: ServerNotice): Promise<void> => {
    try {
      await observe?.(notice)
    } catch (error) {
      console.error(error)
    }
  }
}

/**
 * Where records are kept by a store, they are the ledger, and requests of one process need only be made one. A cookie
 * loses what a parallel request wrote into it: there a row of this process decides.
 */
function ownCoordinator({
  clock,
  random,
  sealedCookies,
}: Required<Pick<SessionServerOptions, 'clock' | 'random' | 'sealedCookies'>>): Coordinator {
  const hash = keyedMac()
  return sealedCookies
    ? inProcessCoordinator({ clock, random, hash })
    : coalescer({ replayWindowMs: 60_000, maxEntries: 10_000, clock, hash })
}

/** By `#crypto`, which on Node costs a tenth of WebCrypto. */
function keyedMac() {
  const key = crypto.getRandomValues(new Uint8Array(32))
  return (text: string) => mac(key, text)
}

/** Longer than any straggler with an older cookie is on its way. */
const REMEMBERED_MS = 600_000

/** What cookies say, remembered while a session is in use. */
function shortMemory(clock: Clock): EntryStore {
  const store = memoryEntries({ clock })
  return {
    ...store,
    compareAndSet(key, expected, next) {
      const expiresAt = Math.min(next.expiresAt, clock.wall() + REMEMBERED_MS)
      return store.compareAndSet(key, expected, { ...next, expiresAt })
    },
  }
}

/**
 * A navigation that the user began here or in the browser itself, anything that changes something, and what the page
 * says happened while its user was active. A page that polls only reads; what another site opens shows nobody at work.
 */
function isUserActivity(request: Request): boolean {
  const { headers } = request
  const isOwn = /^(same-origin|none)$/.test(headers.get('sec-fetch-site') ?? '')
  return (
    headers.get('x-user-activity') === '1' ||
    (isOwn && headers.get('sec-fetch-mode') === 'navigate') ||
    !/^(GET|HEAD)$/.test(request.method)
  )
}

function readUrl(value: string, name: string): URL {
  const url = URL.parse(value)
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password || url.search || url.hash)
    throw new Misconfigured(
      `Option "${name}" must be an absolute http(s) URL without user, query and fragment.`,
    )
  if (!url.pathname.endsWith('/')) url.pathname += '/'
  return url
}

function readPath(base: URL, path: string, name: string): string {
  const url = URL.parse(path, base)
  if (!url || url.origin !== base.origin || !url.pathname.startsWith(base.pathname) || url.search || url.hash)
    throw new Misconfigured(`Option "${name}" must be a path under "publicUrl".`)
  return url.pathname
}
