import { isBrowser } from '#browser'
import type { Clock } from '../base/clock.ts'
import { orAborted } from '../base/orAborted.ts'
import { discard } from '../base/requestBody.ts'
import { answerBytes } from '../wire/answerBytes.ts'
import { retryAfterMs } from '../wire/retryAfter.ts'
import { type KnownFacts, readFacts } from './facts.ts'
import type { BffSettings } from './options.ts'

/** A JSON object in an answer. */
export type Body = Readonly<Partial<Record<string, unknown>>>

/** The result of a call to one of the server's own endpoints. */
export interface ServerAnswer {
  readonly url: string
  /** Absent: no answer came. `0`: a redirect, which a browser hides. */
  readonly status?: number
  readonly contentType?: string | null
  readonly retryAfterMs?: number | undefined
  /** The body, if it is a JSON object of the server itself. */
  readonly body?: Body | undefined
  /** Who is logged in. */
  readonly facts?: KnownFacts | undefined
  /** What else the server says of the login. */
  readonly word?: ServerWord | undefined
}

/** `no_session`: nobody is logged in. `other_login`: a user is, in another login than that of the call. */
export type ServerWord = 'no_session' | 'other_login'

/** The server's own word about the login of a call; `undefined`: it says none. */
export function wordOf(status: number, body: Body | undefined): ServerWord | undefined {
  const word = status === 401 ? 'no_session' : 'other_login'
  return (status === 401 || status === 409) && body?.error === word ? word : undefined
}

/** The name in a call if its page shows that nobody is logged in. */
const NOBODY = '1'

/** The headers that name the login of a call, and say whether its user is active. */
export const headersFor = (login: string | undefined, isUserActive: boolean): Record<string, string> => ({
  'x-csrf': nameOf(login),
  ...(isUserActive && { 'x-user-activity': '1' }),
})

/** The value that names a login in an address. */
export const nameOf = (login: string | undefined) => login ?? NOBODY

type CallArguments = [name: string, login: string | undefined, timeoutMs: number, fields?: object]

export type ServerCall = ReturnType<typeof createServerCalls>

/** A login waits this long for the answers to earlier calls. */
const EARLIER_MS = 5_000

/** Calls the endpoints of the server. These calls spend nothing, so each may be repeated. */
export function createServerCalls({ root, fetch, clock, isInert }: BffSettings, isUserActive: () => boolean) {
  /** Whether the root needs the slash at its end: some frameworks serve one form and redirect the other. */
  let isSlashed = false
  const running = new Set<Promise<unknown>>()

  /** An answer about a session that has ended deletes its cookie, and must not come after the answer to a login. */
  const earlier = async () => {
    while (running.size > 0) await Promise.all(running)
  }

  /**
   * Calls the endpoint `name`; `''` asks who is logged in. Never rejects. `timeoutMs` is for the headers and the body
   * together.
   */
  return async function call(...args: CallArguments): Promise<ServerAnswer> {
    // There is no server to ask.
    if (!isBrowser && isInert) return new Promise(() => {})
    if (args[3]) await within(clock, EARLIER_MS, earlier).catch(() => {})
    const answering = callOf(...args)
    running.add(answering)
    const answer = await answering
    running.delete(answering)
    return answer
  }

  async function callOf(...args: CallArguments): Promise<ServerAnswer> {
    const answer = await callOnce(...args)
    if (args[0] || !isElsewhere(answer)) return answer
    isSlashed = !isSlashed
    return callOnce(...args)
  }

  async function callOnce(...[name, login, timeoutMs, fields]: CallArguments): Promise<ServerAnswer> {
    const url = name || isSlashed ? root + name : root.slice(0, -1)
    const send = async (signal: AbortSignal): Promise<ServerAnswer> => {
      const answer = await fetch(url, {
        method: name ? 'POST' : 'GET',
        headers: {
          accept: 'application/json',
          ...(fields && { 'content-type': 'application/json' }),
          ...headersFor(login, isUserActive()),
        },
        ...(fields && { body: JSON.stringify(fields) }),
        credentials: 'same-origin',
        cache: 'no-store',
        redirect: 'manual',
        // This must be sent even if the user leaves the page right after the logout.
        keepalive: name === 'logout',
        signal,
      })
      const { status, headers } = answer
      const body = await bodyOf(answer, signal)
      return {
        url,
        status,
        contentType: headers.get('content-type'),
        retryAfterMs: retryAfterMs(headers),
        body,
        facts: status === 200 ? readFacts(body) : undefined,
        word: wordOf(status, body),
      }
    }
    return within(clock, timeoutMs, send).catch(() => ({ url }))
  }
}

/** Something else answers at this address: a redirect, a page, or nothing. */
const isElsewhere = ({ status = -1, facts }: ServerAnswer): boolean =>
  [0, 200, 301, 302, 307, 308, 404].includes(status) && !facts

/** Runs `work`, and gives up after `ms`: its signal aborts, and the promise rejects. */
export function within<T>(clock: Clock, ms: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController()
  const { signal } = controller
  const disarm = clock.setTimer(() => controller.abort(), ms, 'background')
  return orAborted(work(signal), signal).finally(disarm)
}

/** The body of an answer, if it can be the server's own. A gateway's body is ignored. */
export async function bodyOf(answer: Response, signal: AbortSignal): Promise<Body | undefined> {
  const isJson = /^application\/json\s*(;|$)/i.test(answer.headers.get('content-type') ?? '')
  const bytes = isJson && !answer.redirected && (await answerBytes(answer, signal))
  try {
    // What is no body is no JSON either.
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes as Uint8Array))
    return Object(value) === value ? (value as Body) : undefined
  } catch {
    discard(answer)
    return undefined
  }
}
