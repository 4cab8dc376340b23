import type { Position } from '../../machines/session.types.ts'
import { RedirectBlocked } from './errors.ts'

/** What `fetch` needs to know of the session. */
export interface BearerSource {
  /** Absolute, its path ending with `/`. */
  readonly baseUrl: string
  readonly origin: string
  readonly origins: ReadonlySet<string>
  readonly fetch: typeof globalThis.fetch
  position(): Position
  /** The bearer, if it can be served without a thought. */
  fresh(): string | undefined
  /** The value of the header that carries `bearer`. */
  authorization(bearer: string): string
  /** Waits until there is a bearer, and refreshes if one is due. Rejects if there will be none. */
  wait(signal: AbortSignal | null | undefined): Promise<unknown>
  /** The bearer of this epoch; throws if the session ended or changed meanwhile. */
  take(epoch: number): string
  /** Called for a 401: a bearer that differs from `bearer`, if the same epoch has or gets one. Rejects on abort. */
  replace(used: Position, bearer: string, signal: AbortSignal | null | undefined): Promise<string | undefined>
  /** The newer bearer got a 401 too. */
  rejectedAgain(): void
}

type Target = string | Request

const MAX_REDIRECTS = 3
const REDIRECTS = [301, 302, 303, 307, 308]

/**
 * A `fetch` that sends a fresh bearer to the allowed origins and to nobody else, and retries once after a 401
 * with a newer one. Follows redirects itself, so that the bearer never follows one to another origin.
 */
export function createSessionFetch(source: BearerSource): typeof globalThis.fetch {
  const ownRoot = `${source.origin}/`
  /** `blob:` reports the origin of the page that made it. */
  const isAllowed = ({ protocol, origin }: URL) => protocol.startsWith('http') && source.origins.has(origin)

  return (input, init) => {
    try {
      return route(input, init)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  function route(input: RequestInfo | URL, init: RequestInit | undefined) {
    // The common cases, a path or a URL of our own origin, cost no parsing. A `Request` has parsed its URL.
    if (input instanceof Request)
      return input.url.startsWith(ownRoot) ? sendSoon(input, init) : resolve(input, init)
    if (typeof input !== 'string') return resolve(input, init)
    if (isOwnPath(input)) return sendSoon(source.origin + input, init)
    return input.startsWith(ownRoot) ? sendSoon(input, init) : resolve(input, init)
  }

  function resolve(input: RequestInfo | URL, init: RequestInit | undefined) {
    const url = new URL(input instanceof Request ? input.url : input, source.baseUrl)
    const target = input instanceof Request ? input : url.href
    return isAllowed(url) ? sendSoon(target, init) : source.fetch(target, init)
  }

  function sendSoon(target: Target, init: RequestInit | undefined) {
    const bearer = source.fresh()
    return bearer === undefined ? sendLater(target, init) : sendNow(target, init, bearer)
  }

  async function sendLater(target: Target, init: RequestInit | undefined) {
    const { epoch } = source.position()
    await source.wait(signalOf(target, init))
    return sendNow(target, init, source.take(epoch))
  }

  function sendNow(target: Target, init: RequestInit | undefined, bearer: string): Promise<Response> {
    const used = source.position()
    return send(target, init, bearer).then((answer) =>
      answer.ok ? answer : recover(target, init, answer, bearer, used),
    )
  }

  function send(target: Target, init: RequestInit | undefined, bearer: string): Promise<Response> {
    const headers = withBearer(init?.headers ?? partsOf(target).headers, source.authorization(bearer))
    const redirect = redirectOf(target, init) === 'error' ? 'error' : 'manual'
    // A body is sent from a copy, so that it can be sent again.
    const input = partsOf(target).body && !init?.body ? (target as Request).clone() : target
    return source.fetch(input, { ...init, headers, redirect })
  }

  async function recover(
    target: Target,
    init: RequestInit | undefined,
    answer: Response,
    bearer: string,
    used: Position,
  ): Promise<Response> {
    const first = await follow(target, init, answer, bearer)
    if (first.status !== 401 || isPermission(first)) return first
    const newer = await source.replace(used, bearer, signalOf(target, init))
    if (newer === undefined || isOneWay(init?.body)) return first
    await first.body?.cancel()
    const second = await follow(target, init, await send(target, init, newer), newer)
    if (second.status === 401) source.rejectedAgain()
    return second
  }

  async function follow(
    target: Target,
    init: RequestInit | undefined,
    answer: Response,
    bearer: string,
    hops = 0,
  ): Promise<Response> {
    if (!isRedirect(answer, target, init)) return answer
    const from = typeof target === 'string' ? target : target.url
    const location = answer.headers.get('location')
    if (location === null && answer.type !== 'opaqueredirect') return answer
    // An empty reference would be the same URL again.
    const next = location === null ? null : URL.parse(location, from)
    if (!next)
      throw new RedirectBlocked(
        'The API answered with a redirect whose target the platform hides: call the final URL.',
      )
    if (!isAllowed(next))
      throw new RedirectBlocked(
        `The API answered with a redirect to ${next.origin}, which is not in "allowedOrigins".`,
      )
    if (hops === MAX_REDIRECTS) throw new RedirectBlocked(`More than ${MAX_REDIRECTS} redirects.`)
    await answer.body?.cancel()
    const onward = await redirected(target, init, answer.status)
    return follow(next.href, onward, await send(next.href, onward, bearer), bearer, hops + 1)
  }
}

/** A path of our own origin. The parser drops tabs and line ends, and reads `\` as `/`: `/\host` is another host. */
function isOwnPath(input: string): boolean {
  const second = input.charCodeAt(1)
  return input.charCodeAt(0) === 47 && second !== 47 && second !== 92 && !(second < 32)
}

/** The same call at the next hop (Fetch Standard, HTTP-redirect fetch). */
async function redirected(
  target: Target,
  init: RequestInit | undefined,
  status: number,
): Promise<RequestInit> {
  const request = partsOf(target)
  const method = init?.method ?? request.method ?? 'GET'
  const known = method.toUpperCase()
  const headers = new Headers(init?.headers ?? request.headers)
  const signal = signalOf(target, init) ?? null
  const { cache, credentials, mode } = request
  const kept = { cache, credentials, mode } as RequestInit
  const toGet = status < 307 && (status === 303 ? known !== 'HEAD' : known === 'POST')
  if (toGet) {
    for (const name of [...headers.keys()]) if (name.startsWith('content-')) headers.delete(name)
    return { ...kept, ...init, method: 'GET', headers, signal, body: null }
  }
  if (isOneWay(init?.body))
    throw new RedirectBlocked('The API redirected a request whose body can be sent only once.')
  const body = init?.body ?? (request.body ? await (target as Request).clone().arrayBuffer() : null)
  return { ...kept, ...init, method, headers, signal, body }
}

/** What a `Request` brings along. A URL has nothing of it. */
const partsOf = (target: Target) => target as Partial<Request>

const signalOf = (target: Target, init: RequestInit | undefined) => init?.signal ?? partsOf(target).signal

const redirectOf = (target: Target, init: RequestInit | undefined) =>
  init?.redirect ?? partsOf(target).redirect

const isRedirect = (answer: Response, target: Target, init: RequestInit | undefined) =>
  redirectOf(target, init) !== 'manual' &&
  (answer.type === 'opaqueredirect' || REDIRECTS.includes(answer.status))

/** Only a missing or invalid token is worth a refresh, not a missing right (RFC 6750 section 3.1). */
const isPermission = (answer: Response) =>
  /error="?insufficient_scope/.test(String(answer.headers.get('www-authenticate')))

/** A stream is gone once it was sent. */
const isOneWay = (body: unknown) =>
  typeof body === 'object' &&
  body !== null &&
  (Symbol.asyncIterator in body || body instanceof ReadableStream)

/** The caller's headers as they are, with our `Authorization` in place of theirs. */
function withBearer(given: HeadersInit | undefined, authorization: string): HeadersInit {
  if (!given) return { authorization }
  // Also for `Headers`: a plain object costs a tenth of a second `Headers`.
  const headers: Record<string, string> = {}
  if (given instanceof Headers) {
    given.forEach((value, name) => {
      headers[name] = value
    })
  } else if (given.constructor === Object) {
    for (const [name, value] of Object.entries(given))
      if (name.toLowerCase() !== 'authorization') headers[name] = value
  } else {
    return withBearer(new Headers(given), authorization)
  }
  headers.authorization = authorization
  return headers
}
