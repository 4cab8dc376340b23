import type { ExpiredReason } from '../../machines/session.types.ts'
import { parseUrl } from '../base/parseUrl.ts'
import { refuseUnsendable } from '../base/requestBody.ts'
import { InvalidAnswer, Misconfigured } from '../session/errors.ts'
import { type BffFacts, readFacts } from '../wire/facts.ts'
import { isJson, retryAfterMs } from '../wire/headers.ts'
import { parseJson } from '../wire/json.ts'
import { request, type WireResult } from '../wire/request.ts'
import type { KeptFacts, KeptSession, RefreshOutcome, SessionStrategy } from './strategy.ts'

/** Where the server of the page is, and what it has told already. */
export interface BffStrategyOptions {
  /** Where the server's own endpoints are; resolved against `baseUrl`. @default '/session/' */
  readonly path?: string
  /** The header that tells the server's page from a foreign one; its value is `1`. @default 'x-csrf' */
  readonly csrfHeader?: string
  /**
   * The facts that the server rendered into this page; `null`: nobody is logged in.
   * @default the session asks for them, and is pending until the answer
   */
  readonly facts?: BffFacts | null
  /**
   * Told after a logout where the identity provider ends its own session: send the browser there.
   * @default the provider's session lives on
   */
  readonly onEndSession?: (url: string) => void
}

const FIRST_PAUSE_MS = 1_000
const MAX_PAUSE_MS = 10_000
const LOOK_MS = 10_000

const EXPIRED: readonly ExpiredReason[] = [
  'refreshRejected',
  'refreshUnsupported',
  'refreshOutcomeUnknown',
  'notRefreshable',
  'missingCredential',
  'accessRevoked',
  'identityMismatch',
  'stepUpRequired',
  'idle',
  'absoluteLifetime',
  'unusableLifetime',
  'internal',
]

/**
 * A page behind its own server (`createSessionServer`), which keeps the tokens: `baseUrl` is the page's own origin.
 * Every request carries the browser's cookie and `x-csrf: 1`, and `x-user-activity: 1` within a minute of the last
 * `userActive` of the session's `signals`; without `signals` it never does, so the page then keeps no session from
 * going idle by its reads.
 *
 * - At the start the session asks `GET {path}`, again after 1 to 10 s while there is no answer; and once whenever its
 *   `signals` report `woke`, so that a page learns of a logout or login in another tab as soon as it is looked at.
 * - `fetch` sends no bearer and never waits for a refresh. A 401 costs one `POST {path}refresh`, which tells whether
 *   the session ended and why; the call gets its 401. Calls to other origins pass as they are.
 * - Only a 401 `no_session` of the server ends the session. Everything else is tried again: what the page sends
 *   spends no token.
 * - `getToken` rejects with `Misconfigured`. `login` takes the facts that the server answered to a login.
 *
 * Throws `Misconfigured` for options that cannot work.
 */
export function bffStrategy(options: BffStrategyOptions = {}): SessionStrategy {
  const { path = '/session/', csrfHeader = 'x-csrf', facts, onEndSession } = options
  const root = path.endsWith('/') ? path : `${path}/`
  const probe = parseUrl(root, 'https://own.invalid/')
  if (probe?.origin !== 'https://own.invalid' || probe.search || probe.hash)
    throw new Misconfigured('Option "path" of bffStrategy must be a path of the page\'s own origin.')
  if (!/^[\w-]+$/.test(csrfHeader))
    throw new Misconfigured('Option "csrfHeader" of bffStrategy must be the name of a header.')
  const given = facts ? readFacts(facts) : facts
  if (facts && !given)
    throw new Misconfigured(
      'Option "facts" of bffStrategy must be what the server answers to "GET {path}", or null.',
    )

  /** Why the session ended, from a call that found it out: whoever asks later has no cookie any more. */
  let reason: unknown

  /** The login that the page shows, by its public name: no call of its is for another. */
  let login: string | undefined

  function adopt(session: KeptSession, found: KeptFacts | null): void {
    session.adopt(found)
    login = found?.login
  }

  const headersOf = (userActive: boolean | undefined) => ({
    [csrfHeader]: login ?? '1',
    ...(userActive && { 'x-user-activity': '1' }),
  })

  function ask(method: 'GET' | 'POST', name: string, call: Asking): Promise<WireResult> {
    return request({
      url: new URL(root + name, call.baseUrl).href,
      method,
      headers: { accept: 'application/json', ...headersOf(call.userActive) },
      credentials: 'same-origin',
      signal: call.signal,
      fetch: call.fetch,
    })
  }

  /** `null`: nobody is logged in. `undefined`: no answer that tells. */
  async function look(session: KeptSession): Promise<KeptFacts | null | undefined> {
    const controller = new AbortController()
    const disarm = session.clock.setTimer(() => controller.abort(), LOOK_MS, 'background')
    const answer = await ask('GET', '', { ...session, signal: controller.signal })
    disarm()
    return endOf(answer) ? null : factsOf(answer)
  }

  return {
    needsRefreshToken: false,
    async refresh(call) {
      const answer = await ask('POST', 'refresh', call)
      const outcome = outcomeOf(answer, reason)
      if (outcome.kind !== 'refused') reason = undefined
      if (outcome.kind === 'kept') login = outcome.facts?.login
      return outcome
    },
    async revoke(call) {
      // A late answer has brought no token.
      if (call.cause === 'late') return true
      const answer = await ask('POST', 'logout', call)
      const target = bodyOf(answer, 200)?.redirect
      if (typeof target === 'string' && /^https?:/.test(target)) queueMicrotask(() => onEndSession?.(target))
      return (answer.kind === 'answer' && answer.status === 200) || endOf(answer) !== undefined
    },
    keep(session) {
      /** Several events tell of one awakening. */
      let isLooking = false
      return {
        async woke() {
          if (session.isPending() || isLooking) return
          isLooking = true
          const before = session.state()
          const found = await look(session)
          isLooking = false
          // The answer is older than what has happened here meanwhile.
          if (found === undefined || session.state() !== before) return
          const { epoch, version } = session.position()
          if (found === null) await session.rejected({ epoch, version }, undefined).catch(() => {})
          else if (found.epoch !== epoch || found.version > version || before.reason === 'elsewhere')
            adopt(session, found)
        },
        async start() {
          if (given !== undefined) return adopt(session, given)
          for (let ms = FIRST_PAUSE_MS; session.isPending(); ms = Math.min(2 * ms, MAX_PAUSE_MS)) {
            const found = await look(session)
            if (found !== undefined && session.isPending()) adopt(session, found)
            if (session.isPending())
              await new Promise<void>((resolve) => void session.clock.setTimer(resolve, ms, 'background'))
          }
        },
        async login(answer) {
          const found = readFacts(answer)
          if (!found)
            throw new InvalidAnswer(
              'The login answer has no facts of a session: "user", "epoch", "version", "serverNow".',
            )
          adopt(session, found)
        },
        async fetch(input, init) {
          refuseUnsendable(init?.body)
          const isRequest = input instanceof Request
          const url = new URL(isRequest ? input.url : input, session.baseUrl)
          const target = isRequest ? input : url.href
          // `blob:` reports the origin of the page that made it.
          if (!/^https?:$/.test(url.protocol) || url.origin !== session.origin)
            return session.fetch(target, init)
          const signal = init?.signal ?? (isRequest ? input.signal : undefined)
          await session.ready(signal)
          const at = session.position()
          const headers = new Headers(init?.headers ?? (isRequest ? input.headers : undefined))
          for (const [name, value] of Object.entries(headersOf(session.isUserActive())))
            headers.set(name, value)
          const answer = await session.fetch(target, { ...init, headers, credentials: 'same-origin' })
          if (answer.status !== 401) return answer
          reason = (await errorOf(answer))?.reason ?? reason
          await session.rejected(at, signal)
          return answer
        },
        async getToken() {
          throw new Misconfigured('This page has no token, its server keeps it: call session.fetch.')
        },
      }
    },
  }
}

interface Asking {
  readonly baseUrl: string
  readonly signal: AbortSignal
  readonly userActive?: true
  readonly fetch?: typeof globalThis.fetch
}

/** `known`: why the session ended, if the answer does not say. */
function outcomeOf(answer: WireResult, known: unknown): RefreshOutcome {
  const facts = factsOf(answer)
  if (facts) return { kind: 'kept', facts }
  const end = endOf(answer)
  if (end) {
    const said = end.reason ?? known
    const reason = EXPIRED.find((one) => one === said)
    if (reason) return { kind: 'rejected', reason }
    return { kind: 'kept', facts: null, reason: said === 'backChannel' ? said : 'elsewhere' }
  }
  // Nothing of the page is spent by asking, so whatever came back may be asked again.
  if (answer.kind !== 'answer')
    return { kind: 'refused', cause: answer.kind === 'refused' ? answer.cause : 'network' }
  const { status, headers } = answer
  const wait = retryAfterMs(headers)
  return {
    kind: 'refused',
    // Something else answers at this path, or not to this page.
    cause: [200, 403, 404, 405].includes(status)
      ? 'misconfigured'
      : status === 429
        ? 'limited'
        : 'unavailable',
    ...(wait !== undefined && { retryAfterMs: wait }),
  }
}

type Json = Partial<Record<string, unknown>>

function objectOf(text: string): Json | undefined {
  const value = parseJson(text)?.value
  return typeof value === 'object' && value !== null ? value : undefined
}

/** A whole JSON object that came with `status`. */
function bodyOf(answer: WireResult, status: number): Json | undefined {
  const isMeant = answer.kind === 'answer' && answer.status === status && !answer.redirected
  return isMeant && isJson(answer.headers) ? objectOf(answer.text) : undefined
}

const factsOf = (answer: WireResult) => readFacts(bodyOf(answer, 200))

const noSession = (body: Json | undefined) => (body?.error === 'no_session' ? body : undefined)

/** The server's word that there is no session. Other 401s come from whatever stands between. */
const endOf = (answer: WireResult) => noSession(bodyOf(answer, 401))

/** The same of a call's answer, which stays readable. */
async function errorOf(answer: Response): Promise<Json | undefined> {
  if (!answer.headers.get('content-type')?.startsWith('application/json')) return undefined
  const text = await answer
    .clone()
    .text()
    .catch(() => '')
  return noSession(objectOf(text))
}
