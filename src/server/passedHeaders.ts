import { Misconfigured } from '../base/errors.ts'

/** The names of headers that are passed on, in lower case, for one entry of the table. */
export interface PassedHeaders {
  readonly request: ReadonlySet<string>
  readonly response: ReadonlySet<string>
}

/** From RFC 9110 unless a line says otherwise. Headers that belong together stand in one line. */
const REQUEST = [
  ['accept', 'accept-language', 'accept-encoding', 'user-agent'],
  ['content-type', 'content-encoding', 'content-language', 'content-disposition'],
  ['if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since'],
  ['range', 'if-range', 'content-range'],
  ['cache-control', 'pragma'],
  // RFC 7240; the HTTP API working group's draft.
  ['prefer', 'idempotency-key'],
  // RFC 9530.
  ['content-digest', 'repr-digest', 'want-content-digest', 'want-repr-digest'],
  // HTML, server-sent events: the place at which a stream continues.
  ['last-event-id'],
  // W3C Trace Context and Baggage.
  ['traceparent', 'tracestate', 'baggage'],
  // Rails, Laravel and others answer a script with JSON, and not with a page.
  ['x-requested-with', 'x-request-id', 'x-correlation-id'],
].flat()

const RESPONSE = [
  ['content-type', 'content-encoding', 'content-language', 'content-disposition', 'content-length'],
  ['etag', 'last-modified', 'accept-ranges', 'content-range'],
  // Headers that belong to 405, 415, 429 and 503.
  ['allow', 'accept', 'accept-patch', 'accept-post', 'retry-after'],
  ['vary', 'trailer'],
  ['preference-applied'],
  ['content-digest', 'repr-digest'],
  // RFC 8288, and the counts of json-server: pages of a list.
  ['link', 'x-total-count', 'x-pagination'],
  ['ratelimit', 'ratelimit-policy', 'ratelimit-limit', 'ratelimit-remaining', 'ratelimit-reset'],
  ['x-ratelimit-limit', 'x-ratelimit-remaining', 'x-ratelimit-reset'],
  // RFC 9745 and RFC 8594.
  ['deprecation', 'sunset'],
  // For an nginx in front: whether it may buffer a stream.
  ['x-accel-buffering'],
  ['server-timing', 'traceresponse', 'x-request-id', 'x-correlation-id'],
].flat()

/** Headers of one connection, or of the length of a body: RFC 9110 sections 7.6.1 and 10.1.1. */
const OF_CONNECTION = [
  ['connection', 'keep-alive', 'proxy-connection', 'proxy-authenticate', 'proxy-authorization'],
  ['te', 'transfer-encoding', 'upgrade', 'expect', 'host', 'content-length', 'http2-settings'],
].flat()

/** Each of these would carry a login, or change who asks or what is asked for. */
const NEVER_SENT = new Set([
  ...OF_CONNECTION,
  'trailer',
  ...['cookie', 'cookie2', 'authorization', 'forwarded', 'x-forwarded-for', 'x-real-ip'],
  ...['x-http-method-override', 'x-http-method', 'x-method-override', 'x-original-url', 'x-rewrite-url'],
  // Here proxies say who asks.
  ...['remote-user', 'remote-groups', 'remote-name', 'remote-email', 'cf-connecting-ip', 'true-client-ip'],
])

/** Each of these would act on the panel's origin, because the page gets the answer from that origin. */
const NEVER_ANSWERED = new Set([
  ...OF_CONNECTION,
  ...['set-cookie', 'set-cookie2', 'location', 'content-location', 'refresh', 'clear-site-data', 'alt-svc'],
  ...['www-authenticate', 'authentication-info', 'strict-transport-security', 'service-worker-allowed'],
  ...['cache-control', 'x-content-type-options', 'content-security-policy'],
  // With these the proxy in front would answer with another of its files.
  ...['x-accel-redirect', 'x-sendfile', 'x-lighttpd-send-file', 'x-reproxy-url'],
])

/** The headers of RFC 9110 section 5.6.2. */
const NAME = /^[\w!#$%&'*+.^`|~-]+$/

/** The lists, with the additions of the entry `prefix` of the option `api`. */
export function passedHeaders(
  prefix: string,
  {
    requestHeaders = [],
    responseHeaders = [],
  }: { readonly requestHeaders?: readonly string[]; readonly responseHeaders?: readonly string[] },
): PassedHeaders {
  return {
    request: new Set([...REQUEST, ...added(prefix, 'requestHeaders', requestHeaders, NEVER_SENT)]),
    response: new Set([...RESPONSE, ...added(prefix, 'responseHeaders', responseHeaders, NEVER_ANSWERED)]),
  }
}

function added(prefix: string, option: string, names: readonly string[], never: ReadonlySet<string>) {
  return names.map((name) => {
    const known = String(name).toLowerCase()
    if (!NAME.test(known) || never.has(known) || /^(?:sec|proxy|x-forwarded|access-control)-/.test(known))
      throw new Misconfigured(
        `Option "api": "${prefix}" names "${known}" in "${option}", which is never passed on. Name headers that carry no login and belong to no connection.`,
      )
    return known
  })
}

/** The headers that are read; `names` if all names are known. */
export interface Fields extends Pick<Headers, 'get'> {
  names?(): readonly string[]
}

/** The headers of a page that the backend gets. */
export const upstreamHeaders = (headers: Fields, { request }: PassedHeaders) => picked(headers, request)

/** For any other challenge a browser asks its user for a password, in a window of its own. */
const TOKEN_CHALLENGES = /^(?!.*(?:^|,)[ \t]*(?:basic|digest|negotiate|ntlm)\b)[ \t]*(?:bearer|dpop)\b/i

/** The backend asks for a stronger login (RFC 9470), or for another right. */
function challengeOf(headers: Fields): Record<string, string> {
  const challenge = headers.get('www-authenticate') ?? ''
  return TOKEN_CHALLENGES.test(challenge) ? { 'www-authenticate': challenge } : {}
}

/** The headers of the backend that a page gets. */
export function downstreamHeaders(headers: Fields, { response }: PassedHeaders): Record<string, string> {
  const found = picked(headers, response)
  return {
    ...found,
    ...challengeOf(headers),
    'cache-control': 'no-store',
    vary: found.vary === undefined ? 'Cookie' : `Cookie, ${found.vary}`,
    'x-content-type-options': 'nosniff',
    // Without this, an uploaded file that is opened as a page would be a page of ours, with our cookie.
    'content-security-policy': "default-src 'none'; sandbox",
  }
}

/** RFC 6455 sections 4.1 and 4.2.2. */
const SOCKET = ['sec-websocket-protocol', 'sec-websocket-extensions']
const SOCKET_ASKED = new Set([...SOCKET, 'sec-websocket-key', 'sec-websocket-version'])
const SOCKET_GRANTED = new Set([...SOCKET, 'sec-websocket-accept'])
const SWITCH = { connection: 'Upgrade', upgrade: 'websocket' }

/** The headers of a page's request for a WebSocket that the backend gets. */
export const socketRequest = (headers: Fields) => ({
  ...picked(headers, SOCKET_ASKED),
  ...SWITCH,
})

/** The headers of the backend's 101 that a page gets. */
export const socketAnswer = (headers: Fields) => ({
  ...picked(headers, SOCKET_GRANTED),
  ...SWITCH,
})

/**
 * The named `headers`, without those that `Connection` names (RFC 9110 section 7.6.1): these are for one connection
 * only.
 */
export function picked(headers: Fields, wanted: ReadonlySet<string>): Record<string, string> {
  const found: Record<string, string> = {}
  const own = headers
    .get('connection')
    ?.toLowerCase()
    .split(/[\t ]*,[\t ]*/)
  // There are far fewer headers than permitted names.
  for (const name of headers.names?.() ?? wanted) {
    const value = wanted.has(name) && !own?.includes(name) ? headers.get(name) : null
    if (value !== null) found[name] = value
  }
  return found
}
