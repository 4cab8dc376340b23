import type { RefreshRequest } from '../../src/session/strategy.ts'

export const BASE_URL = 'https://chat.example/'
/** Marked, so that a test can search for it wherever it must not be. */
export const TOKEN = 'canary-refresh-token-R1'

export function attempt(overrides: Partial<RefreshRequest> = {}): RefreshRequest {
  return {
    baseUrl: BASE_URL,
    refreshToken: TOKEN,
    userId: '64b000000000000000000001',
    attemptId: 'attempt-1',
    signal: new AbortController().signal,
    ...overrides,
  }
}

export interface Sent {
  readonly url: string
  readonly init: RequestInit
  readonly headers: Headers
}

/** A `fetch` that records what it is given and answers as told. */
export function fakeFetch(answer: () => Response | Promise<Response>) {
  const sent: Sent[] = []
  const fetch: typeof globalThis.fetch = async (input, init = {}) => {
    sent.push({ url: String(input), init, headers: new Headers(init.headers) })
    return answer()
  }
  return { fetch, sent }
}

export function json(body: unknown, init: ResponseInit = {}): Response {
  return new Response(typeof body === 'string' ? body : JSON.stringify(body), {
    ...init,
    headers: {
      'content-type': 'application/json; charset=utf-8',
      ...init.headers,
    },
  })
}

/** LibreChat sends its sentences as `text/html`. */
export function page(text: string, init: ResponseInit = {}): Response {
  return new Response(text, {
    ...init,
    headers: { 'content-type': 'text/html; charset=utf-8', ...init.headers },
  })
}
