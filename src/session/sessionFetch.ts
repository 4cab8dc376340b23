import { isBrowser } from '#browser'
import type { Position } from '../../machines/session.types.ts'
import { asksFor } from '../base/asksFor.ts'
import { RefreshUnavailable } from '../base/errors.ts'
import { discard, isOneWay, mayHaveBody, partsOf, refuseUnsendable } from '../base/requestBody.ts'
import { follow } from './redirects.ts'

/** The session's side of `fetch`. */
export interface BearerSource {
  /** Absolute, its path ending with `/`. */
  readonly baseUrl: string
  readonly origin: string
  readonly origins: readonly string[]
  readonly fetch: typeof globalThis.fetch
  /** Sends a call that carries `bearer`. Absent: by `fetch`. */
  send?(target: Target, init: RequestInit, bearer: string): Promise<Response>
  position(): Position
  /** The bearer, if it may be used without any further check. */
  fresh(): string | undefined
  /** The header value for `bearer`. */
  authorization(bearer: string): string
  /** Waits for a bearer, and refreshes if one is due. Rejects if there will be none. */
  wait(signal: AbortSignal | null | undefined): Promise<unknown>
  /** The bearer of this epoch; throws if the session ended or changed meanwhile. */
  take(epoch: number): string
  /** Called for a 401: a bearer that differs from `bearer`, if the same epoch has or gets one. Rejects on abort. */
  replace(used: Position, bearer: string, signal: AbortSignal | null | undefined): Promise<string | undefined>
  /** The newer bearer got a 401 too. */
  rejectedAgain(used: Position): void
  /** A call got an answer other than 401. Called once for each bearer, and again after a 401. */
  accepted?(used: Position): void
  /**
   * The bearer that one route answered with 401 while nothing can renew it. Other routes may accept it. Asks for a
   * refresh if one is due.
   */
  disputed?(): string | undefined
  /** The API requires a stronger login for this call (RFC 9470). */
  stepUpRequired(): void
}

type Target = string | Request

/** Answers of a gateway that did not ask the API. They say nothing about the bearer. */
const GATEWAYS = [502, 503, 504]

/**
 * A `fetch` that sends a fresh bearer only to the allowed origins, and retries once after a 401 with a newer one. No
 * redirect takes the bearer to another origin.
 */
export function createSessionFetch(source: BearerSource): typeof globalThis.fetch {
  const calls = new BearerCalls(source)
  return (input, init) => {
    try {
      refuseUnsendable(init?.body)
      return calls.route(input, init)
    } catch (error) {
      return Promise.reject(error)
    }
  }
}

class BearerCalls {
  readonly #source: BearerSource
  readonly #ownRoot: string
  /** The position whose bearer was accepted last. */
  #proven: Position | undefined

  constructor(source: BearerSource) {
    this.#source = source
    this.#ownRoot = `${source.origin}/`
  }

  route(input: RequestInfo | URL, init: RequestInit | undefined): Promise<Response> {
    // The common cases, a path or a URL of our own origin, need no parsing. A `Request` has parsed its URL.
    if (input instanceof Request)
      return input.url.startsWith(this.#ownRoot) ? this.#sendSoon(input, init) : this.#resolve(input, init)
    if (typeof input !== 'string') return this.#resolve(input, init)
    if (isOwnPath(input)) return this.#sendSoon(this.#source.origin + input, init)
    return input.startsWith(this.#ownRoot) ? this.#sendSoon(input, init) : this.#resolve(input, init)
  }

  /** The origin of a `blob:` URL is that of the page that made it. */
  #isAllowed({ protocol, origin }: URL) {
    return protocol.startsWith('http') && this.#source.origins.includes(origin)
  }

  #resolve(input: RequestInfo | URL, init: RequestInit | undefined) {
    const source = this.#source
    const url = new URL(input instanceof Request ? input.url : input, source.baseUrl)
    const target = input instanceof Request ? input : url.href
    return this.#isAllowed(url) ? this.#sendSoon(target, init) : source.fetch(target, init)
  }

  #sendSoon(target: Target, init: RequestInit | undefined) {
    const bearer = this.#source.fresh()
    return bearer === undefined ? this.#sendLater(target, init) : this.#sendNow(target, init, bearer)
  }

  async #sendLater(target: Target, init: RequestInit | undefined): Promise<Response> {
    const source = this.#source
    const { epoch } = source.position()
    const disputed = isOneWay(init?.body) ? undefined : source.disputed?.()
    if (disputed !== undefined) return this.#sendDisputed(target, init, disputed, epoch)
    try {
      await source.wait(signalOf(target, init))
    } catch (error) {
      const last = error instanceof RefreshUnavailable ? source.disputed?.() : undefined
      if (last === undefined) throw error
      return this.#sendDisputed(target, init, last, epoch)
    }
    return this.#sendNow(target, init, source.take(epoch))
  }

  /** One route's 401 is no reason to fail the calls to others: only an answer tells. */
  async #sendDisputed(target: Target, init: RequestInit | undefined, bearer: string, epoch: number) {
    const source = this.#source
    const used = source.position()
    const answer = await this.#sendNow(target, init, bearer)
    // Without a newer bearer the caller gets the same error as everybody else, which says when to try again.
    if (answer.status === 401 && source.position() === used) await orDiscard(answer, () => source.take(epoch))
    return answer
  }

  #sendNow(target: Target, init: RequestInit | undefined, bearer: string): Promise<Response> {
    const used = this.#source.position()
    return this.#send(target, init, bearer).then((answer) => {
      if (!answer.ok) return this.#recover(target, init, answer, bearer, used)
      if (used !== this.#proven) this.#prove(used)
      return answer
    })
  }

  #prove(used: Position) {
    this.#proven = used
    this.#source.accepted?.(used)
  }

  #send(target: Target, init: RequestInit | undefined, bearer: string): Promise<Response> {
    const source = this.#source
    const headers = withBearer(init?.headers ?? partsOf(target).headers, source.authorization(bearer))
    const redirect = redirectOf(target, init) === 'error' ? 'error' : 'manual'
    // A copy of the body is sent, so that the body can be sent again.
    const input = mayHaveBody(target) && !init?.body ? target.clone() : target
    const call: RequestInit = { ...init, headers, redirect }
    return source.send ? source.send(input, call, bearer) : source.fetch(input, call)
  }

  async #recover(
    target: Target,
    init: RequestInit | undefined,
    answer: Response,
    bearer: string,
    used: Position,
  ): Promise<Response> {
    const source = this.#source
    const first = await this.#followed(target, init, answer, bearer)
    if (first.status !== 401) {
      if (used !== this.#proven && !GATEWAYS.includes(first.status)) this.#prove(used)
      return first
    }
    if (asksFor(first, 'insufficient_user_authentication')) {
      source.stepUpRequired()
      return first
    }
    // A refresh helps only with a missing or invalid token, not with a missing right (RFC 6750 section 3.1).
    if (asksFor(first, 'insufficient_scope')) return first
    if (used === this.#proven) this.#proven = undefined
    const newer = await orDiscard(first, () => source.replace(used, bearer, signalOf(target, init)))
    if (newer === undefined || isOneWay(init?.body)) return first
    discard(first)
    const again = source.position()
    const second = await this.#followed(target, init, await this.#send(target, init, newer), newer)
    if (second.status === 401) source.rejectedAgain(again)
    else if (again !== this.#proven && !GATEWAYS.includes(second.status)) this.#prove(again)
    return second
  }

  #followed(target: Target, init: RequestInit | undefined, answer: Response, bearer: string) {
    if (redirectOf(target, init) === 'manual') return answer
    // A browser hides where a redirect leads.
    const onward = isBrowser
      ? undefined
      : {
          isAllowed: (url: URL) => this.#isAllowed(url),
          send: (next: string, again: RequestInit) => this.#send(next, again, bearer),
        }
    return follow(target, init, answer, onward)
  }
}

/** The result of `step`. If it fails, nobody gets `answer`. */
async function orDiscard<T>(answer: Response, step: () => T): Promise<Awaited<T>> {
  try {
    return await step()
  } catch (error) {
    discard(answer)
    throw error
  }
}

/** A path of our own origin. The parser drops tabs and line ends, and reads `\` as `/`: `/\host` is another host. */
function isOwnPath(input: string): boolean {
  const second = input.charCodeAt(1)
  return input.charCodeAt(0) === 47 && second !== 47 && second !== 92 && !(second < 32)
}

const signalOf = (target: Target, init: RequestInit | undefined) => init?.signal ?? partsOf(target).signal

const redirectOf = (target: Target, init: RequestInit | undefined) =>
  init?.redirect ?? partsOf(target).redirect

/** The caller's headers unchanged, except that our `Authorization` replaces theirs. */
function withBearer(given: HeadersInit | undefined, authorization: string): HeadersInit {
  if (!given) return { authorization }
  // This holds for `Headers` too: a plain object costs a tenth of a second `Headers`.
  const headers: Record<string, string> = {}
  if (given instanceof Headers) {
    given.forEach((value, name) => {
      headers[name] = value
    })
  } else if (given.constructor === Object) {
    for (const [name, value] of Object.entries(given))
      if (name.toLowerCase() !== 'authorization') headers[name] = value
  } else {
    return withBearer(new Headers(given), authorization)
  }
  headers.authorization = authorization
  return headers
}
