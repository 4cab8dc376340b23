import { forward } from '#forward'
import type { UserIdentity } from '../../machines/session.types.ts'
import { assertHas } from '../base/assertHas.ts'
import { type Clock, systemClock } from '../base/clock.ts'
import { ATTEMPT_TIMEOUT_MS, LEAD_TIME_MS, PATIENCE_MS } from '../base/durations.ts'
import { Misconfigured } from '../base/errors.ts'
import { optionsOf } from '../base/optionsOf.ts'
import { userReader } from '../base/userReader.ts'
import { whereFrom } from '../base/whereFrom.ts'
import { memoryServerStore } from '../stores/memoryServerStore.ts'
import { type About, createAudit } from './audit.ts'
import { checkServerOptions } from './checkServerOptions.ts'
import { forwardByFetch } from './forwardByFetch.ts'
import { isUserActivity } from './isUserActivity.ts'
import { onWhole, readsLightly } from './lightRequest.ts'
import type { ServerNotice } from './notice.ts'
import type { SessionServerOptions } from './options.ts'
import { ownCoordinator, shortMemory } from './ownParts.ts'
import { patientFetch } from './patientFetch.ts'
import { isLoopback } from './plainHttp.ts'
import { watchCalls } from './watchSends.ts'

export type ServerSettings = ReturnType<typeof readServerOptions>

const POSITIVE = [
  'idleTimeoutMs',
  'absoluteLifetimeMs',
  'revalidateMs',
  'leadTimeMs',
  'patienceMs',
  'attemptTimeoutMs',
  'headersTimeoutMs',
  'bodyTimeoutMs',
  'lifetimeMs',
] as const

/** What else can be plugged in, and who makes it. */
const PARTS = [
  ['store', ['read', 'compareAndSet', 'keysOf'], 'memoryServerStore(), or the factory of another store,'],
  ['coordinator', ['run', 'end'], 'inProcessCoordinator(), or redisCoordinator({ … }),'],
  ['recorder', ['attach'], 'createRecorder()'],
  ['telemetry', ['refresh', 'call', 'note'], 'openTelemetry()'],
] as const

/** No end of a session may go unseen for longer. */
const MAX_STALE_MS = 60_000

/** Fills in the defaults, and refuses options that cannot work. */
export function readServerOptions(options: SessionServerOptions<UserIdentity>) {
  checkServerOptions(optionsOf('createSessionServer', options))
  const clock = options.clock ?? systemClock
  const forwardClientIp = onWhole(options.forwardClientIp ?? readsLightly(() => undefined))
  const audit = createAudit({ ...options, forwardClientIp }, () => clock.wall())
  const settings = {
    path: 'session/',
    loginPath: 'login',
    idleTimeoutMs: 1_800_000,
    absoluteLifetimeMs: 604_800_000,
    maxSessionsPerUser: Infinity,
    revalidateMs: 60_000,
    leadTimeMs: LEAD_TIME_MS,
    patienceMs: PATIENCE_MS,
    attemptTimeoutMs: ATTEMPT_TIMEOUT_MS,
    headersTimeoutMs: 60_000,
    bodyTimeoutMs: Infinity,
    lifetimeMs: Infinity,
    staleIfErrorMs: 0,
    sealedCookies: false,
    isPathStripped: false,
    random: Math.random as () => number,
    ...(Object.fromEntries(
      Object.entries(options).filter(([, value]) => value !== undefined),
    ) as unknown as SessionServerOptions<UserIdentity>),
    forwardClientIp,
    isUserActivity: onWhole(options.isUserActivity ?? readsLightly(isUserActivity)),
    clock,
    observe: isolated(options, clock, audit),
    audit,
  }
  for (const name of POSITIVE)
    if (!(settings[name] > 0)) throw new Misconfigured(`Option "${name}" must be milliseconds above 0.`)
  const { maxSessionsPerUser, staleIfErrorMs } = settings
  if (!(staleIfErrorMs >= 0 && staleIfErrorMs <= MAX_STALE_MS))
    throw new Misconfigured(
      `Option "staleIfErrorMs" must be milliseconds from 0 to ${MAX_STALE_MS}: a logout in another process may stay unseen for that long.`,
    )
  if (!(maxSessionsPerUser === Infinity || (Number.isInteger(maxSessionsPerUser) && maxSessionsPerUser > 0)))
    throw new Misconfigured('Option "maxSessionsPerUser" must be a whole number above 0.')
  if (settings.sealedCookies && maxSessionsPerUser !== Infinity)
    throw new Misconfigured(
      'Options "maxSessionsPerUser" and "sealedCookies" exclude each other: sessions that only browsers hold cannot be counted. Keep sessions in a store.',
    )
  checkForwardAuth(settings)
  for (const [name, methods, factory] of PARTS)
    if (settings[name] !== undefined)
      assertHas(settings[name], methods, `Option "${name}"`, `what ${factory} returns`)
  const publicUrl = readUrl(settings.publicUrl, 'publicUrl')
  if (publicUrl.protocol === 'http:' && !isLoopback(publicUrl.hostname))
    throw new Misconfigured(
      'Option "publicUrl" must be an https URL: over plain http everybody on the way can read the session cookie. Only localhost may use http.',
    )
  const root = readPath(publicUrl, settings.path, 'path')
  const login = readPath(publicUrl, settings.loginPath, 'loginPath')
  if (settings.sealedCookies && settings.store)
    throw new Misconfigured(
      'Options "store" and "sealedCookies" exclude each other: choose one place for the sessions.',
    )
  // A cookie is for all ports of its host.
  const cookieName = settings.cookieName ?? (publicUrl.port ? `session-${publicUrl.port}` : 'session')
  if (!/^[A-Za-z\d][\w-]{0,63}$/.test(cookieName))
    throw new Misconfigured(
      'Option "cookieName" must be 1 to 64 letters, digits, "-" and "_", and start with a letter or digit.',
    )
  const fetch = settings.fetch ?? patientFetch(globalThis.fetch.bind(globalThis))
  const ownRoot = root.endsWith('/') ? root : `${root}/`
  return {
    ...settings,
    cookieName,
    isObserved: options.observe !== undefined,
    users: userReader(settings.user),
    publicUrl,
    origin: publicUrl.origin,
    isSecure: publicUrl.protocol === 'https:',
    /** Paths as in requests; `root` ends with `/`. */
    paths: {
      root: ownRoot,
      login,
      start: `${ownRoot}login/start`,
      providerLogout: `${ownRoot}logout/provider`,
    },
    retiredLogins: new Set(settings.retiredLogins),
    store: settings.sealedCookies ? shortMemory(clock) : (settings.store ?? memoryServerStore({ clock })),
    coordinator: settings.coordinator ?? ownCoordinator(settings),
    fetch,
    /** Sends the proxy's calls. `fetch` cannot hand a connection over. */
    canUpgrade: !settings.fetch && forward !== undefined,
    forward: watchCalls(settings.fetch || !forward ? forwardByFetch(fetch) : forward, settings.telemetry),
    /** Absent: refreshes and logins use the platform's transport. */
    wireFetch: settings.fetch,
  }
}

type ForwardAuthParts = Pick<SessionServerOptions<UserIdentity>, 'forwardAuth' | 'logins' | 'sealedCookies'>

function checkForwardAuth({ forwardAuth, logins, sealedCookies }: ForwardAuthParts): void {
  if (!forwardAuth) return
  const { headers = {}, bearerSecret, logins: whose } = forwardAuth
  for (const name of Object.keys(headers))
    if (!/^(x|remote)-[a-z\d-]{1,60}$/i.test(name))
      throw new Misconfigured(
        `Option "forwardAuth.headers": a name must begin with "X-" or "Remote-", with letters, digits and "-" after that; one is "${name}".`,
      )
  if (bearerSecret !== undefined && bearerSecret.length < 32)
    throw new Misconfigured('Option "forwardAuth.bearerSecret" must have at least 32 characters.')
  if (bearerSecret !== undefined && sealedCookies)
    throw new Misconfigured(
      'Options "sealedCookies" and "forwardAuth.bearerSecret" exclude each other: a refresh changes the cookies, and an answer to a proxy does not reach the browser. Keep sessions in a store.',
    )
  const names = Object.keys(logins)
  if (!whose && names.length > 1)
    throw new Misconfigured(
      `Option "forwardAuth" must name the logins whose users may pass, because there are several: logins: ["${names[0]}"].`,
    )
  const unknown = whose?.find((name) => !names.includes(name))
  if (unknown !== undefined)
    throw new Misconfigured(
      `Option "forwardAuth" names the login "${unknown}", which "logins" does not have.`,
    )
}

/** An error of a listener must not affect anything else. */
function isolated(
  { observe, recorder, telemetry }: SessionServerOptions<UserIdentity>,
  clock: Clock,
  audit: ReturnType<typeof createAudit>,
) {
  const listeners: ((notice: ServerNotice) => unknown)[] = [
    ...(telemetry ? [(notice: ServerNotice) => telemetry.note(notice)] : []),
    ...(recorder
      ? [(notice: ServerNotice) => 'session' in notice && recorder.note(notice, clock.wall(), notice.session)]
      : []),
    ...(observe ? [observe] : []),
  ]
  return (notice: ServerNotice, about?: About): void => {
    audit.note(notice, about)
    for (const listener of listeners) void isolate(listener, notice)
  }
}

async function isolate(listener: (notice: ServerNotice) => unknown, notice: ServerNotice): Promise<void> {
  try {
    await listener(notice)
  } catch (error) {
    console.error(error)
  }
}

export function readUrl(value: string, name: string): URL {
  const url = URL.parse(value)
  if (!url || !/^https?:/.test(url.protocol) || url.username || url.password || url.search || url.hash)
    throw new Misconfigured(
      `Option "${name}" must be an absolute http(s) URL without user, query and fragment.${whereFrom(value)}`,
    )
  if (!url.pathname.endsWith('/')) url.pathname += '/'
  return url
}

export function readPath(base: URL, path: string, name: string): string {
  const url = URL.parse(path, base)
  if (!url || url.origin !== base.origin || !url.pathname.startsWith(base.pathname) || url.search || url.hash)
    throw new Misconfigured(
      `Option "${name}" must be a path under "publicUrl"; it is "${path}". "publicUrl" has the path "${base.pathname}": write a path without a slash in front, or "./" for "publicUrl" itself.`,
    )
  return url.pathname
}
