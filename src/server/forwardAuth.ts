import { readUser } from '../base/readUser.ts'
import { failure, noContent } from './answers.ts'
import { bearerOf } from './bearerOf.ts'
import type { Endpoint, ServerContext } from './context.ts'
import { forgeryOf } from './csrf.ts'
import { noSession, unusable } from './currentSession.ts'
import { type Found, isFound } from './foundSession.ts'
import { NOBODY } from './namedLogin.ts'
import { shownUserOf } from './shownUserOf.ts'

const MAX_VALUE = 1_000

/**
 * `GET auth`, for a proxy that asks before it passes a request on (nginx `auth_request`, Traefik `forwardAuth`, Caddy
 * `forward_auth`). It answers 204 with the facts that the option `forwardAuth` lists, 401 without a session, and 403 to
 * a request that a foreign page may have sent. The method and path of the request come in `X-Original-Method` and
 * `X-Original-URI`, or in `X-Forwarded-Method` and `X-Forwarded-Uri`. It only reads the session, and refreshes only if
 * it returns a bearer.
 */
export const forwardAuth: Endpoint = async (context, request) => {
  const { settings, sessions } = context
  const original = originalOf(request, settings.origin)
  if (!original)
    return failure(403, 'unknown_request', {
      expected:
        'the method of the request in X-Original-Method or X-Forwarded-Method, and its path in X-Original-URI or X-Forwarded-Uri',
    })
  const forgery = forgeryOf(asOwnPage(original, settings.origin), settings.origin)
  if (forgery) {
    settings.observe({ type: 'turnedAway', code: 'csrf' }, { request })
    return failure(403, 'csrf', forgery)
  }
  const found = await sessions.findFor(original)
  if (!isFound(found)) {
    const answer = noSession(context, request, found)
    // A proxy knows only 401 and 403.
    return answer.status === 409 ? failure(401, 'other_login') : answer
  }
  if (settings.forwardAuth?.logins?.includes(found.record.via[0]) === false)
    return failure(403, 'other_login_api')
  // Pages poll with any method, also those of other applications. Only a navigation shows a user at work.
  const looking = new Request(original.url, { headers: original.headers })
  if (settings.isUserActivity(looking)) await sessions.note(found, { activeAt: settings.clock.wall() })
  const headers = identityOf(context, found)
  if (!(await mayHaveBearer(context, request))) return noContent(headers)
  try {
    return noContent({ ...headers, authorization: `Bearer ${await bearerOf(found, context).getToken()}` })
  } catch (error) {
    return unusable(context, request, error)
  }
}

/** The request that the proxy holds. `undefined`: the proxy names no method and path, or two different ones. */
function originalOf({ headers }: Request, origin: string): Request | undefined {
  const said = (...names: string[]) => new Set(names.flatMap((name) => headers.get(name) ?? []))
  const [method, ...otherMethods] = said('x-original-method', 'x-forwarded-method')
  const [path, ...otherPaths] = said('x-original-uri', 'x-forwarded-uri')
  if (method === undefined || otherMethods.length > 0 || !path?.startsWith('/') || otherPaths.length > 0)
    return undefined
  try {
    return new Request(`${origin}${path}`, { method, headers })
  } catch {
    // The method is missing, or no page can send it.
    return undefined
  }
}

/**
 * Here the browser's own headers suffice, also for a WebSocket. Applications behind a proxy know nothing of `x-csrf`,
 * or of logins in addresses.
 */
function asOwnPage(original: Request, origin: string): Request {
  const { headers } = original
  const isOwn = headers.get('sec-fetch-site') === 'same-origin' || headers.get('origin') === origin
  if (!isOwn) return original
  const own = new Request(original)
  own.headers.delete('upgrade')
  if (!headers.has('x-csrf')) own.headers.set('x-csrf', NOBODY)
  return own
}

/** Every listed header, also an empty one, so that the proxy replaces what the client sent. */
function identityOf({ settings }: ServerContext, { session }: Found): Record<string, string> {
  const listed = Object.entries(settings.forwardAuth?.headers ?? {})
  if (listed.length === 0) return {}
  const user = { ...shownUserOf(settings, session.user, readUser), id: session.user.id }
  const values = listed.map(([name, field]) => [name, textOf((user as Record<string, unknown>)[field])])
  return Object.fromEntries(values)
}

/** Percent-encoded if it is not plain ASCII; a list is joined by commas. A value that is too long is left out. */
function textOf(value: unknown): string {
  const text = Array.isArray(value)
    ? value.map((one) => plain(one).replaceAll(',', '%2C')).join(',')
    : plain(value)
  return text.length <= MAX_VALUE ? text : ''
}

const plain = (value: unknown) =>
  /^(string|number|boolean)$/.test(typeof value)
    ? String(value)
        .toWellFormed()
        .replace(/[^\x21-\x7e ]|%|^ | $/gu, encodeURIComponent)
    : ''

/** A script of the page can call this endpoint too, and must not get a bearer. */
async function mayHaveBearer({ settings, keyring }: ServerContext, { headers }: Request): Promise<boolean> {
  const secret = settings.forwardAuth?.bearerSecret
  const shown = headers.get('x-forward-auth-secret')
  if (secret === undefined || shown === null) return false
  const [[expected], [came]] = (await Promise.all(
    [secret, shown].map((text) => keyring.macs('forward-auth', text)),
  )) as [readonly string[], readonly string[]]
  return expected === came
}
