import { Misconfigured } from '../base/errors.ts'
import { lastUsed } from '../base/lastUsed.ts'
import { withoutNamedLogin } from './namedLogin.ts'
import { type PassedHeaders, passedHeaders } from './passedHeaders.ts'
import { plainPath } from './plainPath.ts'
import type { RunningLogins } from './runLogins.ts'
import type { LoginHost } from './serverLogin.ts'

/** A listed call. */
export interface RouteMatch {
  /** Its target, with the query. */
  readonly url: string
  /** The logins whose bearers may go there. */
  readonly logins: ReadonlySet<string>
  /** The headers that are passed in both directions. */
  readonly headers: PassedHeaders
}

/** The target of API calls. */
export interface ApiTarget {
  /** Absolute: the base of the calls. @default the backend of the login, if it has one */
  readonly target?: string
  /** The permitted methods. @default all */
  readonly methods?: readonly string[]
  /**
   * The logins whose bearers may go there. Required with two logins or more, because a bearer is for one login only.
   * @default the one login
   */
  readonly logins?: readonly string[]
  /** Whether the prefix is removed. @default false */
  readonly strip?: boolean
  /**
   * More headers of a page's calls that the backend gets, by name, besides those that are always passed on (the page on
   * deployment lists them). Headers that carry a login, say who asks, or belong to one connection are refused:
   * `cookie`, `authorization`, `x-forwarded-*`, `sec-*`. @default none
   */
  readonly requestHeaders?: readonly string[]
  /**
   * More headers of the backend's answers that the page gets, by name. Headers that act on the panel's origin are
   * refused: `set-cookie`, `location`, `refresh`, `clear-site-data`, `access-control-*`. @default none
   */
  readonly responseHeaders?: readonly string[]
}

/** The number and length of remembered paths: a hundred kB. */
const MOST_PATHS = 500
const LONGEST_PATH = 200
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']

/** The static table of calls that the panel at `base` may make: path prefix, below `base`, to methods or a target. */
export function createRoutes(
  api: Readonly<Record<string, readonly string[] | ApiTarget>>,
  base: string,
  logins: RunningLogins,
  urlOf: LoginHost['urlOf'],
) {
  // The longest first: a narrower entry wins.
  const table = Object.entries(api)
    .map(([prefix, entry]) => readRoute(prefix, entry, logins, urlOf))
    .sort((a, b) => b.prefix.length - a.prefix.length)
  const backends = new Map(
    logins.all.flatMap(([name, { apiUrl }]): [string, Backend][] => {
      const targets = table.flatMap(({ logins: whose, target }) => (whose.has(name) ? target : []))
      const [baseUrl, ...others] = apiUrl === undefined ? targets : [apiUrl, ...targets]
      if (baseUrl === undefined) return []
      return [[name, { baseUrl, origins: [baseUrl, ...others].map((url) => new URL(url).origin) }]]
    }),
  )
  /** The targets of paths: pages ask for the same ones again and again. */
  const found = lastUsed<Omit<RouteMatch, 'url'> & { readonly path: string }>(MOST_PATHS)

  /** The target of a path without its query. */
  function routeOf(pathname: string, method: string) {
    if (!pathname.startsWith(base)) return undefined
    const path = pathname.slice(base.length)
    const segments = plainPath(`/${path}`)
    if (!segments) return undefined
    const route = table.find(
      ({ prefix, methods }) => `/${path}`.startsWith(prefix) && methods.includes(method),
    )
    if (!route) return undefined
    const rest = route.strip ? path.slice(route.prefix.length - 1) : path
    const url = `${route.target}${rest}`
    if (route.guards.some((isToken) => isToken(url))) return undefined
    return { path: url, logins: route.logins, headers: route.headers }
  }

  return {
    match({ pathname, search }: URL, method: string): RouteMatch | undefined {
      const key = `${method} ${pathname}`
      const route = found.get(key) ?? routeOf(pathname, method)
      if (!route) return undefined
      if (key.length <= LONGEST_PATH) found.set(key, route)
      return {
        url: `${route.path}${withoutNamedLogin(search)}`,
        logins: route.logins,
        headers: route.headers,
      }
    },
    /** The targets for bearers of the login `name`. */
    backendOf: (name: string): Backend | undefined => backends.get(name),
  }
}

/** The targets for bearers of one login. */
export interface Backend {
  /** The base of a relative address. */
  readonly baseUrl: string
  readonly origins: readonly string[]
}

/**
 * Whether a backend may answer with tokens at an address below `target`. The backend may have another name there than
 * in `apiUrl` of its login. So only the path counts, relative to the path of `apiUrl` if it is below that.
 */
function guardsOf(target: string, whose: ReadonlySet<string>, all: RunningLogins) {
  const { origin } = new URL(target)
  return all.all.flatMap(([name, { apiUrl, isTokenRoute }]) => {
    const own = new URL(apiUrl ?? target)
    if (!isTokenRoute || !(whose.has(name) || own.origin === origin)) return []
    const base = apiUrl === undefined ? '/' : own.pathname
    return (url: string): boolean => {
      const { pathname } = new URL(url)
      const segments = plainPath(pathname.startsWith(base) ? `/${pathname.slice(base.length)}` : pathname)
      return !segments || isTokenRoute(segments)
    }
  })
}

function readRoute(
  prefix: string,
  entry: readonly string[] | ApiTarget,
  all: RunningLogins,
  urlOf: LoginHost['urlOf'],
) {
  const wrong = (what: string) => new Misconfigured(`Option "api": ${what}`)
  if (!/^\/[\w./-]*\/$/.test(prefix) || !plainPath(prefix))
    throw wrong(`a prefix must be a plain path that starts and ends with "/"; it is "${prefix}".`)
  const own: ApiTarget = isList(entry) ? { methods: entry } : entry
  const { target, methods = METHODS, logins, strip = false } = own
  const names = all.all.map(([name]) => name)
  if (!logins && names.length > 1)
    throw wrong(
      `"${prefix}" must name the login whose bearers go there, because there are several: logins: ["${names[0]}"].`,
    )
  const unknown = logins?.find((name) => !names.includes(name))
  if (unknown !== undefined)
    throw wrong(`"${prefix}" names the login "${unknown}", which "logins" does not have.`)
  const whose = logins ?? names
  const urls = new Set(whose.map((name) => target ?? all.get(name)?.apiUrl))
  const [url] = urls
  if (urls.size > 1)
    throw wrong(
      `"${prefix}" must have a "target": its logins have backends of their own, and a bearer of one is not for the other.`,
    )
  if (url === undefined)
    throw wrong(`"${prefix}" must have a "target": the login "${whose[0]}" has no backend of its own.`)
  // The login itself checks its own backend.
  const base = target === undefined ? url : urlOf(target, 'api').href
  const bearers = new Set(whose)
  return {
    prefix,
    methods: methods.map((method) => method.toUpperCase()),
    target: base,
    logins: bearers,
    guards: guardsOf(base, bearers, all),
    strip,
    headers: passedHeaders(prefix, own),
  }
}

const isList = (entry: readonly string[] | ApiTarget): entry is readonly string[] => Array.isArray(entry)
