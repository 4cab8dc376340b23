import { onTestFinished } from 'vitest'
import type { SessionNotice, SessionSignal } from 'xstate-session'
import { type BffSessionOptions, createBffSession } from 'xstate-session/bff'
import { fakeClock } from '../fakeClock.ts'
import { ada, type Call, flush, LIFE, SECOND, stubApi } from '../session/fixture.ts'

export const bob = { id: 'bob' }
/** The names of logins, as the server makes them. */
export const loginOf = (letter: string) => letter.repeat(43)
export const json = (status: number, body: object, headers: HeadersInit = {}) =>
  Response.json(body, { status, headers: { 'cache-control': 'no-store', ...headers } })
export const gone = (reason?: string) => json(401, { error: 'no_session', reason })
export const other = () => json(409, { error: 'other_login' })

export interface Known {
  readonly user: object
  readonly login: string
  readonly epoch: number
  readonly version: number
}

/** What a server keeps, and how it answers its pages: as `createSessionServer` does, and without a backend. */
export function stubServer(clock = fakeClock()) {
  const state = {
    session: { user: ada, login: loginOf('A'), epoch: 5, version: 1 } as Known | null,
    endsAt: clock.wall() + LIFE,
    /** The server's clock is ahead by this. */
    skewMs: 0,
    reason: undefined as string | undefined,
    /** Who logs in next, with whatever password. */
    next: undefined as Known | undefined,
    /** Answers anything instead. */
    failing: undefined as undefined | ((call: Call) => Response | Promise<Response> | undefined),
    /** Calls of the API that were executed, and for whom. */
    executed: [] as string[],
  }
  const facts = (session: Known | null = state.session) => ({
    ...(session as Known),
    expiresAt: state.endsAt + state.skewMs,
    serverNow: clock.wall() + state.skewMs,
  })
  const api = stubApi((call) => {
    const failed = state.failing?.(call)
    if (failed) return failed
    const { pathname, origin, searchParams } = new URL(call.url)
    if (origin !== 'https://chat.example') return new Response('foreign')
    const named = call.headers.get('x-csrf') ?? searchParams.get('session-login')
    const isLook = /^\/session\/?$/.test(pathname) && call.method === 'GET'
    if (pathname === '/session/login' && state.next) {
      state.session = state.next
      return json(200, facts())
    }
    if (!state.session) return gone(state.reason)
    if (!isLook && named !== state.session.login) return other()
    if (pathname === '/session/logout') {
      state.session = null
      return json(200, {})
    }
    if (pathname === '/session/refresh' && clock.wall() >= state.endsAt - 30 * SECOND) {
      state.session = { ...state.session, version: state.session.version + 1 }
      state.endsAt = clock.wall() + LIFE
    }
    if (/^\/session(\/|$)/.test(pathname)) return json(200, facts())
    const { id } = state.session.user as { id: string }
    state.executed.push(`${call.method} ${pathname} as ${id}`)
    return json(200, { as: id })
  })
  return { clock, server: state, facts, api }
}

/** A page, and the server behind which it is. `server.session` is what the server knows; `null`: no session. */
export function behind({
  clock = fakeClock(),
  ...options
}: Omit<BffSessionOptions, 'clock'> & { readonly clock?: ReturnType<typeof fakeClock> } = {}) {
  const stub = stubServer(clock)
  const notices: SessionNotice[] = []
  let report = (_: SessionSignal) => {}
  const session = createBffSession({
    baseUrl: 'https://chat.example/',
    fetch: stub.api.fetch,
    clock,
    random: () => 0,
    observe: (notice) => notices.push(notice),
    signals(listener) {
      report = listener
      return () => {
        report = () => {}
      }
    },
    ...options,
  })
  onTestFinished(() => session.dispose())
  const settle = async () => {
    for (let turns = 0; turns < 8; turns++) await flush()
  }
  return {
    ...stub,
    session,
    notices,
    settle,
    told: (type: SessionNotice['type']) => notices.filter((notice) => notice.type === type),
    snapshot: () => session.getSnapshot(),
    state: () => session.getSnapshot().state,
    paths: () => stub.api.calls.map(({ method, url }) => `${method} ${new URL(url).pathname}`),
    wake: () => report('woke'),
    async signal(said: SessionSignal) {
      report(said)
      await flush()
    },
    async pass(ms: number) {
      clock.advance(ms)
      await settle()
    },
    /** The page has found its session. */
    async found() {
      await settle()
      stub.api.calls.length = 0
    },
  }
}

export type Behind = ReturnType<typeof behind>
