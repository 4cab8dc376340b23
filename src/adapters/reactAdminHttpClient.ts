import type { UserIdentity } from '../../machines/session.types.ts'
import { assertHas } from '../base/assertHas.ts'
import { Misconfigured } from '../base/errors.ts'
import type { BaseSession } from '../session/session.ts'

/** The answer that react-admin's data providers expect of an HTTP client. */
export interface ReactAdminAnswer {
  /** The status, 200 to 299. */
  readonly status: number
  /** The headers. */
  readonly headers: Headers
  /** The body as text. */
  readonly body: string
  /** The body as JSON; `undefined` if it is no JSON. */
  readonly json: unknown
}

/** Makes react-admin's `HttpError`; give `(message, status, body) => new HttpError(message, status, body)`. */
export type ToHttpError = (message: string, status: number, body: unknown) => Error

/**
 * The `httpClient` that react-admin's data providers take as their second argument, over `session.fetch`. It replaces
 * `fetchUtils.fetchJson`: it sends and reads JSON, and any status outside of 200 to 299 is an `HttpError`. Errors of
 * the session pass unchanged.
 *
 * @example
 * const httpClient = reactAdminHttpClient(session, (message, status, body) => new HttpError(message, status, body))
 */
export function reactAdminHttpClient(
  session: Pick<BaseSession<UserIdentity>, 'fetch'>,
  toHttpError: ToHttpError,
): (url: string | URL, options?: RequestInit) => Promise<ReactAdminAnswer> {
  assertHas(
    session,
    ['fetch'],
    'reactAdminHttpClient: the first argument',
    'a session: what createSession or createBffSession returns',
  )
  if (typeof toHttpError !== 'function')
    throw new Misconfigured(
      'reactAdminHttpClient: the second argument must make an error: (message, status, body) => new HttpError(message, status, body).',
    )
  return async (url, options = {}) => {
    const headers = new Headers(options.headers)
    if (!headers.has('accept')) headers.set('accept', 'application/json')
    if (typeof options.body === 'string' && !headers.has('content-type'))
      headers.set('content-type', 'application/json')
    const answer = await session.fetch(url, { ...options, headers })
    const body = await answer.text()
    const json = parsed(body)
    if (!answer.ok) throw toHttpError(messageOf(json) ?? answer.statusText, answer.status, json)
    return { status: answer.status, headers: answer.headers, body, json }
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function messageOf(json: unknown): string | undefined {
  const message = typeof json === 'object' && json !== null && 'message' in json ? json.message : undefined
  return typeof message === 'string' ? message : undefined
}
