import type { Clock } from '../base/clock.ts'
import { orAborted } from '../base/orAborted.ts'
import { MAX_ANSWER_BYTES, readBytes } from '../wire/readBytes.ts'
import { retryAfterMs } from '../wire/retryAfter.ts'
import { type KnownFacts, readFacts } from './facts.ts'
import type { BffSettings } from './options.ts'

/** The result of a call to one of the server's own endpoints. */
export interface ServerAnswer {
  readonly url: string
  /** Absent: no answer came. `0`: a redirect, which a browser hides. */
  readonly status?: number
  readonly contentType?: string | null
  readonly retryAfterMs?: number | undefined
  /** The body, if it is a JSON object of the server itself. */
  readonly body?: Readonly<Partial<Record<string, unknown>>>
}

/** Who is logged in, as the server itself says. */
export type Finding =
  | { readonly kind: 'facts'; readonly facts: KnownFacts }
  /** Nobody. */
  | { readonly kind: 'nobody'; readonly reason: unknown }
  /** A user, in another login than that of the call. */
  | { readonly kind: 'other' }

/** The name in a call if its page shows that nobody is logged in. */
const NOBODY = '1'

/** The headers that name the login of a call, and say whether its user is active. */
export const headersFor = (login: string | undefined, isUserActive: boolean): Record<string, string> => ({
  'x-csrf': login ?? NOBODY,
  ...(isUserActive && { 'x-user-activity': '1' }),
})

/** The value that names a login in an address. */
export const nameOf = (login: string | undefined) => login ?? NOBODY

type CallArguments = [
  method: 'GET' | 'POST',
  name: string,
  login: string | undefined,
  timeoutMs: number,
  body?: object,
]

export type ServerCall = ReturnType<typeof createServerCalls>

/** Calls the endpoints of the server. These calls spend nothing, so each may be repeated. */
export function createServerCalls({ root, fetch, clock }: BffSettings, isUserActive: () => boolean) {
  /** Whether the root needs the slash at its end: some frameworks serve one form and redirect the other. */
  let isSlashed = false

  /** Never rejects. `timeoutMs` is for the headers and the body together. */
  return async function call(...args: CallArguments): Promise<ServerAnswer> {
    const answer = await callOnce(...args)
    if (args[1] !== '' || !isElsewhere(answer)) return answer
    isSlashed = !isSlashed
    return callOnce(...args)
  }

  async function callOnce(...[method, name, login, timeoutMs, body]: CallArguments): Promise<ServerAnswer> {
    const url = name === '' && !isSlashed ? root.slice(0, -1) : new URL(name, root).href
    const send = async (signal: AbortSignal): Promise<ServerAnswer> => {
      const answer = await fetch(url, {
        method,
        headers: {
          accept: 'application/json',
          ...(body && { 'content-type': 'application/json' }),
          ...headersFor(login, isUserActive()),
        },
        ...(body && { body: JSON.stringify(body) }),
        credentials: 'same-origin',
        cache: 'no-store',
        redirect: 'manual',
        // This must be sent even if the user leaves the page right after the logout.
        keepalive: name === 'logout',
        signal,
      })
      const { status, headers } = answer
      return {
        url,
        status,
        contentType: headers.get('content-type'),
        retryAfterMs: retryAfterMs(headers),
        ...(await bodyOf(answer, signal)),
      }
    }
    return within(clock, timeoutMs, send).catch(() => ({ url }))
  }
}

/** Something else answers at this address: a redirect, a page, or nothing. */
const isElsewhere = (answer: ServerAnswer): boolean =>
  [0, 200, 301, 302, 307, 308, 404].includes(answer.status ?? -1) && !findingOf(answer)

/** Runs `work`, and gives up after `ms`: its signal aborts, and the promise rejects. */
export function within<T>(clock: Clock, ms: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController()
  const { signal } = controller
  const disarm = clock.setTimer(() => controller.abort(), ms, 'background')
  return orAborted(work(signal), signal).finally(disarm)
}

/** The body of an answer, if it can be the server's own. A gateway's body is ignored. */
export async function bodyOf(answer: Response, signal: AbortSignal): Promise<Pick<ServerAnswer, 'body'>> {
  const isJson = /^application\/json\s*(;|$)/i.test(answer.headers.get('content-type') ?? '')
  // Not every `fetch` supports streams.
  const reader = answer.body?.getReader?.()
  const bytes =
    isJson &&
    !answer.redirected &&
    (await (reader ? readBytes(reader, MAX_ANSWER_BYTES, signal) : answer.arrayBuffer()))
  if (!bytes || typeof bytes === 'string') {
    reader?.cancel().catch(() => {})
    return {}
  }
  const value = parsed(new TextDecoder().decode(bytes))
  return typeof value === 'object' && value !== null ? { body: value as Record<string, unknown> } : {}
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Who is logged in, by an answer; `undefined`: it is no answer of the server. */
export function findingOf({ status, body }: ServerAnswer): Finding | undefined {
  const facts = status === 200 && readFacts(body)
  if (facts) return { kind: 'facts', facts }
  if (status === 401 && body?.error === 'no_session') return { kind: 'nobody', reason: body.reason }
  if (status === 409 && body?.error === 'other_login') return { kind: 'other' }
  return undefined
}
