import { setupServer } from 'msw/node'
import { afterAll, afterEach, beforeAll } from 'vitest'
import { createMockBackend } from '../../src/msw/createMockBackend.ts'
import type { MockBackendOptions } from '../../src/msw/mockBackend.ts'
import { fakeClock } from '../fakeClock.ts'

export const origin = 'https://chat.example'

export interface Answered {
  readonly status: number
  /** Parsed where it is JSON, else the text. */
  readonly body: unknown
  readonly headers: Headers
}

/** A mock backend on a fake clock, served for the tests of this file and reset after each. */
export function servedBackend(options: MockBackendOptions = {}) {
  const clock = fakeClock()
  const backend = createMockBackend({ now: clock.wall, ...options })
  const server = setupServer(...backend.handlers)
  beforeAll(() => server.listen({ onUnhandledFrame: 'error' }))
  afterEach(() => {
    server.resetHandlers()
    backend.reset()
  })
  afterAll(() => server.close())

  async function call(method: string, path: string, body?: object, headers: Record<string, string> = {}) {
    const response = await fetch(`${origin}${path}`, {
      method,
      redirect: 'manual',
      headers: { ...(body && { 'content-type': 'application/json' }), ...headers },
      ...(body && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    const isJson = response.headers.get('content-type')?.includes('json')
    return { status: response.status, body: isJson ? JSON.parse(text) : text, headers: response.headers }
  }

  return {
    backend,
    clock,
    server,
    call,
    /** The admin API as the holder of `token` sees it. */
    asks: async (token: string) =>
      (await call('GET', '/api/admin/users', undefined, { authorization: `Bearer ${token}` })).status,
    openidRefresh: (refreshToken: unknown, userId?: string, headers?: Record<string, string>) =>
      call('POST', '/api/admin/oauth/refresh', { refresh_token: refreshToken, user_id: userId }, headers),
    cookieRefresh: (refreshToken?: string, query = '') =>
      call(
        'POST',
        `/api/auth/refresh${query}`,
        undefined,
        refreshToken === undefined ? {} : { cookie: `refreshToken=${refreshToken}` },
      ),
  }
}

/** The refresh token that an answer sets as a cookie. */
export function cookieOf({ headers }: Answered): string {
  const line = headers.getSetCookie().find((cookie) => cookie.startsWith('refreshToken='))
  return line?.slice('refreshToken='.length, line.indexOf(';')) ?? ''
}
