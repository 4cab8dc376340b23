import { Misconfigured } from '../base/errors.ts'
import { isWebRequest } from './isWebRequest.ts'
import type { SessionRequest } from './sessionRequest.ts'

/** Throws `Misconfigured` if server code passes something else than a request to `method`. */
export function requireSessionRequest(
  request: unknown,
  method: 'getSession' | 'end' | 'open',
): asserts request is SessionRequest {
  if (!isWebRequest(request))
    throw new Misconfigured(
      `The request of ${method} must be a web-standard Request, or { headers } with web-standard Headers. For a request of Express, make one: new Request(url, { headers: { cookie: request.headers.cookie } }).`,
    )
  // `node:http` and Express have a path in `url`. The message does not quote it, because a log must not hold some
  // paths.
  if (request.url !== undefined && !URL.canParse(request.url))
    throw new Misconfigured(
      `The \`url\` of the request of ${method} must be absolute: new URL(request.url, publicUrl).href. Or leave it out.`,
    )
}
