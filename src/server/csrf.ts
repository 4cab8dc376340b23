import { LOGIN, loginsNamedBy, NOBODY } from './namedLogin.ts'

/** Why a request may come from a page of another origin. */
export interface Forgery {
  readonly expected: string
  readonly came: string
}

/**
 * Why a request may come from a page of another origin; `undefined`: it does not. There are three checks, and each
 * suffices if the browser supports it. `Sec-Fetch-Site` says where the page is from. `Origin`, if present, must be
 * ours. A request that is no plain read carries `x-csrf`, and a foreign page cannot add that header without a
 * preflight, which this server never answers.
 */
export function forgeryOf(request: Request, origin: string): Forgery | undefined {
  const { headers, method } = request
  const isSocket = isWebSocket(request)
  const site = headers.get('sec-fetch-site')
  const isNavigation = headers.get('sec-fetch-mode') === 'navigate'
  const isRead = method === 'GET' || method === 'HEAD'
  if (isRead && isNavigation && !isSocket) return undefined
  const from = headers.get('origin')
  // First check: for another origin of the same site, `Origin` says more than `Sec-Fetch-Site`.
  if (from !== null && from !== origin)
    return {
      expected: `the header Origin: ${origin}, the origin of the option "publicUrl"`,
      came: `Origin: ${originOf(from)}`,
    }
  // Browsers let a foreign page open a WebSocket, and every page of ours has an origin.
  if (isSocket && from === null)
    return {
      expected: `the header Origin: ${origin}, which every browser sends with a WebSocket`,
      came: 'no Origin',
    }
  if (site !== null && site !== 'same-origin' && !(isRead && site === 'none'))
    return {
      expected: 'the header Sec-Fetch-Site: same-origin, from a page of this origin',
      came: `Sec-Fetch-Site: ${/^(cross-site|same-site|none)$/.test(site) ? site : 'something else'}`,
    }
  if (isSocket)
    return loginsNamedBy(request).some((named) => LOGIN.test(named))
      ? undefined
      : {
          expected:
            'the login that the page shows, in the address of the WebSocket: session.url(path) makes it',
          came: 'an address that names none',
        }
  const said = headers.get('x-csrf')
  if (isRead || said === NOBODY || LOGIN.test(said ?? '')) return undefined
  return {
    expected: 'the header x-csrf: "login" of the facts that the page has, or 1 without facts',
    came: said === null ? 'no header x-csrf' : 'an x-csrf that is neither',
  }
}

/** Repeats the value only if it is an origin. */
const originOf = (value: string): string =>
  value === 'null' || URL.parse(value)?.origin === value ? value : 'something that is no origin'

/** Whether a request asks for a WebSocket (RFC 6455 section 4.1). */
export const isWebSocket = ({ headers, method }: Request): boolean =>
  method === 'GET' && headers.get('upgrade')?.toLowerCase() === 'websocket'
