import type { Position } from '../../machines/session.types.ts'
import { asksFor } from '../base/asksFor.ts'
import { SessionChanged } from '../base/errors.ts'
import { discard, refuseUnsendable } from '../base/requestBody.ts'
import type { Chart } from './chart.ts'
import type { Login } from './login.ts'
import type { BffSettings } from './options.ts'
import { bodyOf, headersFor, within, wordOf } from './serverCalls.ts'

/** The server's own error comes with its headers. An unfinished body is none; the caller waits for that. */
const WORD_MS = 5_000

interface Parts {
  readonly chart: Chart
  readonly login: Login
  readonly settings: BffSettings
  isUserActive(): boolean
  /** The server has another login than the page shows. */
  replaced(login: string | undefined): void
}

/**
 * A `fetch` that sends the browser's cookie and names the login that the page shows. The server does the refreshing.
 * The call never waits for it, and is never sent twice.
 */
export function createBffFetch(parts: Parts): typeof globalThis.fetch {
  const { chart, login, settings, isUserActive } = parts

  return async (input, init) => {
    const isRequest = input instanceof Request
    const url = new URL(isRequest ? input.url : input, settings.baseUrl)
    const target = isRequest ? input : url.href
    if (!isOwn(url, settings.origin)) return settings.fetch(target, init)
    refuseUnsendable(init?.body)
    await chart.ready(init?.signal ?? (isRequest ? input.signal : undefined))
    const name = login.name()
    const { epoch, version } = chart.read()
    const headers = new Headers(init?.headers ?? (isRequest ? input.headers : undefined))
    for (const [header, value] of Object.entries(headersFor(name, isUserActive()))) headers.set(header, value)
    const answer = await settings.fetch(target, { ...init, headers, credentials: 'same-origin' })
    if ([401, 409, 503].includes(answer.status) && !answer.redirected)
      await learn(answer, name, { epoch, version })
    // This answer belongs to a login that the page no longer shows.
    if (chart.read().reason === null && login.name() !== name) {
      discard(answer)
      throw new SessionChanged()
    }
    return answer
  }

  /** The server's own error in an answer. An answer of the API, or of a gateway, has none. */
  async function learn(answer: Response, name: string | undefined, { epoch, version }: Position) {
    const { status } = answer
    if (status === 401 && asksFor(answer, 'insufficient_user_authentication'))
      chart.notify({ type: 'stepUpRequired' })
    const read = within(settings.clock, WORD_MS, (signal) => bodyOf(answer.clone(), signal))
    const body = await read.catch(() => undefined)
    const word = wordOf(status, body)
    if (word === 'no_session') login.ended(name, body?.reason)
    if (word === 'other_login') {
      discard(answer)
      parts.replaced(name)
      throw new SessionChanged()
    }
    // The session has no bearer now, and the server says when to try again.
    if (status === 503 && body?.error === 'refresh_unavailable' && login.name() === name)
      chart.send({ type: 'bearer.rejected', at: chart.now(), epoch, version })
  }
}

/** The origin of a `blob:` URL is that of the page that made it. */
export const isOwn = ({ protocol, origin }: URL, own: string) => /^https?:/.test(protocol) && origin === own
