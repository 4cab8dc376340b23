import type { SessionRequest } from './sessionRequest.ts'

/** What a page sends that believes in no session, and where it only asks who is there. */
export const NOBODY = '1'
/** What `login` of facts looks like. */
export const LOGIN = /^[\w-]{22}$/
/** For what can set no header: navigations, downloads, `EventSource`, `WebSocket`. */
const PARAMETER = 'session-login'

/**
 * The logins that a request says it is for, each a `login` of facts: in `x-csrf`, and in the query. None: it is a read
 * that does not say. `NOBODY`: its page believes that nobody is logged in.
 */
export function loginsNamedBy(request: SessionRequest): readonly string[] {
  const header = request.headers.get('x-csrf')
  const named = request.url?.includes('?') ? new URL(request.url).searchParams.getAll(PARAMETER) : []
  return header === null ? named : [header, ...named]
}

/** Whether a request is for `login`, as far as it says. */
export const isFor = (request: SessionRequest, login: string): boolean =>
  loginsNamedBy(request).every((named) => named === login)

/** A query without the name of a login; what else is in it stays as it was written. */
export function withoutNamedLogin(search: string): string {
  if (search === '' || !new URLSearchParams(search).has(PARAMETER)) return search
  const rest = search
    .slice(1)
    .split('&')
    .filter((pair) => !new URLSearchParams(pair).has(PARAMETER))
  return rest.length > 0 ? `?${rest.join('&')}` : ''
}
