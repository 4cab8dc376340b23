import { backChannel } from './backChannel.ts'
import type { Endpoint, ServerContext } from './context.ts'
import { startLogin } from './loginEndpoints.ts'
import { readBody } from './readBody.ts'

const MAX_BODY_BYTES = 8_192
/** Long enough for any address of a page: a longer `returnTo` is dropped, and the login goes on. */
const MAX_START_BYTES = 65_536
const MAX_LOGOUT_TOKEN_BYTES = 16_384
const MAX_BYTES = new Map([
  [backChannel, MAX_LOGOUT_TOKEN_BYTES],
  [startLogin, MAX_START_BYTES],
])
const BODY_MS = 10_000

/** The request to one of this server's own endpoints, with its body: limited in size and time for all of them. */
export async function withWholeBody(
  { settings, draining }: ServerContext,
  request: Request,
  endpoint: Endpoint,
): Promise<Request | Response> {
  if (!request.body) return request
  const maxBytes = MAX_BYTES.get(endpoint) ?? MAX_BODY_BYTES
  const body = await readBody(request, { maxBytes, withinMs: BODY_MS, clock: settings.clock, draining })
  if (body instanceof Response) {
    if (endpoint === backChannel)
      settings.observe({ type: 'turnedAway', code: 'backChannelLogout' }, { request })
    return body
  }
  const { method, headers, signal, url } = request
  return new Request(url, { method, headers, signal, body })
}
