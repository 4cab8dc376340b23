import type { SessionRequest } from './sessionRequest.ts'

/** The name that a page sends if it shows no session, and only where it asks for the present user. */
export const NOBODY = '1'
/** The form of `login` in the facts. */
export const LOGIN = /^[\w-]{22}$/
/** For requests that cannot set a header: navigations, downloads, `EventSource`, `WebSocket`. */
const PARAMETER = 'session-login'

/**
 * The logins that a request names, each a `login` of facts: in `x-csrf` and in the query. None: a read that names no
 * login. `NOBODY`: its page shows that nobody is logged in.
 */
export function loginsNamedBy(request: SessionRequest): readonly string[] {
  const header = request.headers.get('x-csrf')
  const named = request.url?.includes('?') ? new URL(request.url).searchParams.getAll(PARAMETER) : []
  return header === null ? named : [header, ...named]
}

/** Whether a request is for `login`, or names none. */
export const isFor = (request: SessionRequest, login: string): boolean =>
  loginsNamedBy(request).every((named) => named === login)

/** A query without the name of a login. The rest stays as it was written. */
export function withoutNamedLogin(search: string): string {
  if (search === '' || !new URLSearchParams(search).has(PARAMETER)) return search
  const rest = search
    .slice(1)
    .split('&')
    .filter((pair) => !new URLSearchParams(pair).has(PARAMETER))
  return rest.length > 0 ? `?${rest.join('&')}` : ''
}
