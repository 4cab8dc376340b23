import { isBrowser } from '#browser'
import { isDevelopment } from '#development'
import { RedirectBlocked } from '../base/errors.ts'
import { parseUrl } from '../base/parseUrl.ts'
import { discard, isOneWay, partsOf, readBody } from '../base/requestBody.ts'

/** How a call follows a redirect with its bearer. */
interface Onward {
  /** Whether the bearer may go there. */
  isAllowed(url: URL): boolean
  send(target: string, init: RequestInit): Promise<Response>
}

const MAX_REDIRECTS = 3

/** Whether an answer redirects the caller. */
const isRedirect = ({ type, status, headers }: Response): boolean =>
  type === 'opaqueredirect' || (/^30[12378]$/.test(`${status}`) && headers.has('location'))

/**
 * The answer at the end of the redirects of `answer`. This code follows them itself, so that the bearer never goes to
 * an origin that is not allowed. Without `onward` it follows none.
 */
export async function follow(
  target: string | Request,
  init: RequestInit | undefined,
  answer: Response,
  onward: Onward | undefined,
  hops = 0,
): Promise<Response> {
  if (!isRedirect(answer)) return answer
  if (isBrowser || !onward) throw hidden()
  const from = typeof target === 'string' ? target : target.url
  const location = answer.headers.get('location')
  // An empty reference would be the same URL again.
  const next = location === null ? null : parseUrl(location, from)
  if (!next) throw hidden()
  if (!onward.isAllowed(next))
    throw new RedirectBlocked(
      `The API answered with a redirect to ${next.origin}, which is not in "allowedOrigins".`,
    )
  if (hops === MAX_REDIRECTS) throw new RedirectBlocked(`More than ${MAX_REDIRECTS} redirects.`)
  discard(answer)
  const again = await redirected(target, init, answer.status)
  return follow(next.href, again, await onward.send(next.href, again), onward, hops + 1)
}

/** Hides the answer, as every browser does. */
const hidden = () =>
  new RedirectBlocked(
    isDevelopment
      ? 'The API answered with a redirect whose target the platform hides: call the final URL.'
      : 'Call the final URL.',
  )

/** The same call at the next hop (Fetch Standard, HTTP-redirect fetch). */
async function redirected(
  target: string | Request,
  init: RequestInit | undefined,
  status: number,
): Promise<RequestInit> {
  const request = partsOf(target)
  const method = init?.method ?? request.method ?? 'GET'
  const known = method.toUpperCase()
  const headers = new Headers(init?.headers ?? request.headers)
  const signal = init?.signal ?? request.signal ?? null
  const { cache, credentials, mode } = request
  const kept = { cache, credentials, mode } as RequestInit
  const toGet = status < 307 && (status === 303 ? known !== 'HEAD' : known === 'POST')
  if (toGet) {
    for (const name of [...headers.keys()]) if (name.startsWith('content-')) headers.delete(name)
    return { ...kept, ...init, method: 'GET', headers, signal, body: null }
  }
  if (isOneWay(init?.body))
    throw new RedirectBlocked('The API redirected a request whose body can be sent only once.')
  const body = init?.body ?? (await readBody(target))
  return { ...kept, ...init, method, headers, signal, body }
}
