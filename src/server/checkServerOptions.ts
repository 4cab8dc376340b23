import type { UserIdentity } from '../../machines/session.types.ts'
import { checkKinds, type Kind } from '../base/checkKinds.ts'
import { Misconfigured } from '../base/errors.ts'
import type { SessionServerOptions } from './options.ts'
import type { ApiTarget } from './routes.ts'

const SERVER: Readonly<Record<keyof SessionServerOptions, Kind>> = {
  publicUrl: 'checked',
  isPathStripped: 'true or false',
  secrets: 'checked',
  user: 'checked',
  store: 'checked',
  sealedCookies: 'true or false',
  coordinator: 'checked',
  cookieName: 'a text',
  path: 'a text',
  loginPath: 'a text',
  logins: 'checked',
  chooseLogin: 'a function',
  admit: 'a function',
  retiredLogins: 'a list of texts',
  api: 'checked',
  forwardClientIp: 'a function',
  forwardAuth: 'checked',
  isUserActivity: 'a function',
  idleTimeoutMs: 'a number',
  absoluteLifetimeMs: 'a number',
  maxSessionsPerUser: 'a number',
  revalidateMs: 'a number',
  leadTimeMs: 'a number',
  patienceMs: 'a number',
  attemptTimeoutMs: 'a number',
  headersTimeoutMs: 'a number',
  bodyTimeoutMs: 'a number',
  staleIfErrorMs: 'a number',
  lifetimeMs: 'a number',
  observe: 'a function',
  telemetry: 'checked',
  audit: 'a function',
  recorder: 'checked',
  fetch: 'a function',
  clock: 'a clock: an object with "wall", "monotonic" and "setTimer"',
  random: 'a function',
}

const FORWARD_AUTH: Readonly<Record<keyof NonNullable<SessionServerOptions['forwardAuth']>, Kind>> = {
  headers: 'checked',
  bearerSecret: 'a text',
  logins: 'a list of texts',
}

const API_TARGET: Readonly<Record<keyof ApiTarget, Kind>> = {
  target: 'checked',
  methods: 'a list of methods, such as ["GET", "POST"]; leave it out to permit all',
  logins: 'a list of texts',
  strip: 'true or false',
  requestHeaders: 'a list of texts',
  responseHeaders: 'a list of texts',
}

/** Refuses options of a wrong kind, and misspelt ones. */
export function checkServerOptions(options: SessionServerOptions<UserIdentity>): void {
  checkKinds(options, SERVER)
  const { forwardAuth, api } = options
  if (forwardAuth !== undefined) checkKinds(forwardAuth, FORWARD_AUTH, 'forwardAuth')
  if (api === undefined) return
  if (typeof api !== 'object' || api === null || Array.isArray(api))
    throw new Misconfigured('Option "api" must be an object: api: { "/api/": ["GET", "POST"] }.')
  for (const [prefix, entry] of Object.entries(api)) checkRoute(entry, `api["${prefix}"]`)
}

/** An entry with an unknown name, such as `url`, would go to the backend of the login without a word. */
function checkRoute(entry: readonly string[] | ApiTarget, where: string) {
  if (Array.isArray(entry)) return checkKinds({ methods: entry }, API_TARGET, where)
  checkKinds(entry, API_TARGET, where)
  const names = Object.keys(API_TARGET)
  const unknown = Object.keys(entry).find((name) => !names.includes(name))
  if (unknown !== undefined)
    throw new Misconfigured(
      `Option "${where}.${unknown}" does not exist: an entry has ${names.join(', ')}, and the address of its backend is "target".`,
    )
}
