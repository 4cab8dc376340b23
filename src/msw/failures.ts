import { HttpResponse } from 'msw'

/** The routes of the fake backend, by name. */
export type MockRoute =
  | 'login'
  | 'twoFactor'
  | 'verify'
  | 'openidCheck'
  | 'exchange'
  | 'openidRefresh'
  | 'cookieRefresh'
  | 'logout'
  | 'users'

/** The failure of the next requests to a route. */
export interface MockFailure {
  /** The answer. Default: 500 `INTERNAL_ERROR`. */
  readonly response?: Response | 'networkError'
  /** The number of requests; at least 1. Default 1. */
  readonly times?: number
  /** Only the answer is lost: the backend does its work, and the refresh token is spent. Default false. */
  readonly processed?: boolean
}

/** The failures that wait for a request, by route, the oldest first. */
export function createFailures() {
  const waiting: { readonly route: MockRoute; readonly failure: MockFailure }[] = []
  return {
    add(route: MockRoute, failure: MockFailure) {
      const { times = 1 } = failure
      if (!(Number.isSafeInteger(times) && times >= 1))
        throw new RangeError('times must be an integer of at least 1.')
      for (let left = times; left > 0; left -= 1) waiting.push({ route, failure })
    },
    take(route: MockRoute): MockFailure | undefined {
      const at = waiting.findIndex((entry) => entry.route === route)
      return at < 0 ? undefined : waiting.splice(at, 1)[0]?.failure
    },
    clear() {
      waiting.length = 0
    },
  }
}

export function failureResponse({ response }: MockFailure): Response {
  if (response === 'networkError') return HttpResponse.error()
  return response?.clone() ?? errorJson(500, 'INTERNAL_ERROR')
}

/** An error in the form of the OpenID routes. */
export function errorJson(status: number, code: string): Response {
  return HttpResponse.json({ error: code.toLowerCase().replaceAll('_', ' '), error_code: code }, { status })
}
