import { onTestFinished, vi } from 'vitest'
import {
  createSession,
  type LoginAnswer,
  type LoginOptions,
  type RefreshOutcome,
  type RefreshRequest,
  type RevokeRequest,
  type Session,
  type SessionNotice,
  type SessionOptions,
  type SessionRecord,
  type SessionSignal,
  type SessionStrategy,
} from 'xstate-session'
import type { SessionEvent } from '../../machines/session.events.ts'
import { fakeClock } from '../fakeClock.ts'

export const BASE_URL = 'https://chat.example/'
export const SECOND = 1_000
export const MINUTE = 60 * SECOND
export const HOUR = 60 * MINUTE
/** Life of the bearers of this fixture; they are due 30 s earlier. */
export const LIFE = 15 * MINUTE
export const LEAD = 30 * SECOND

/** Lets everything run that waits for nobody but the event loop. */
export const flush = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** What the chart of a session is sent from now on, whoever sends it. */
export function sentTo({ actorRef }: Pick<Session, 'actorRef'>) {
  const sent = vi.fn<(event: SessionEvent) => void>()
  actorRef.system.inspect((seen) => {
    if (seen.type === '@xstate.event' && seen.actorRef === actorRef) sent(seen.event as SessionEvent)
  })
  return sent
}

const idOf = (ref: unknown) => (ref as { readonly id: string } | undefined)?.id ?? 'nobody'

/** As `inspect` shows a session from now on: what its chart is sent, and by whom; what its refreshes are started with. */
export function inspected(actorRef: Session['actorRef']) {
  const sent: string[] = []
  const started: Record<string, unknown>[] = []
  actorRef.system.inspect((seen) => {
    if (seen.type !== '@xstate.event') return
    const { type, input } = seen.event as { readonly type: string; readonly input?: Record<string, unknown> }
    if (type === 'xstate.init' && idOf(seen.actorRef) === 'refresh')
      started.push({ ...input, session: undefined })
    if (seen.actorRef === actorRef && !type.startsWith('xstate.'))
      sent.push(`${idOf(seen.sourceRef)}: ${type}`)
  })
  return { sent, started }
}

/** A refresh that was sent and waits for its answer. */
export interface Attempt {
  readonly request: RefreshRequest
  answer(outcome: RefreshOutcome): Promise<void>
  fail(error: unknown): Promise<void>
}

/**
 * A strategy under the control of the test. It keeps every attempt waiting until `answer`,
 * unless `always` says what is answered at once.
 */
export function stubStrategy(more: Partial<SessionStrategy> = {}) {
  const attempts: Attempt[] = []
  const revoked: RevokeRequest[] = []
  let standing: ((request: RefreshRequest) => RefreshOutcome) | undefined
  const strategy: SessionStrategy = {
    needsRefreshToken: true,
    refresh(request) {
      return new Promise((resolve, reject) => {
        attempts.push({
          request,
          answer(outcome) {
            resolve(outcome)
            return flush()
          },
          fail(reason) {
            reject(reason)
            return flush()
          },
        })
        if (standing) resolve(standing(request))
      })
    },
    async revoke(request) {
      revoked.push(request)
      return true
    },
    ...more,
  }
  return {
    strategy,
    attempts,
    revoked,
    /** The refresh tokens that were sent, in order. */
    sent: () => attempts.map(({ request }) => request.refreshToken),
    last(): Attempt {
      const attempt = attempts.at(-1)
      if (!attempt) throw new Error('Nothing was sent.')
      return attempt
    },
    always(answer: RefreshOutcome | ((request: RefreshRequest) => RefreshOutcome)) {
      standing = typeof answer === 'function' ? answer : () => answer
    },
  }
}

export type StubStrategy = ReturnType<typeof stubStrategy>

/** One request as an API saw it. */
export interface Call {
  readonly url: string
  readonly method: string
  readonly headers: Headers
  readonly authorization: string | null
  readonly body: string
  readonly redirect: RequestRedirect | undefined
  readonly init: RequestInit
}

type Answering = (call: Call, index: number) => Response | Promise<Response>

/** A `fetch` that records what it is given, and answers 200 unless told otherwise. */
export function stubApi(answer: Answering = () => new Response('ok')) {
  const calls: Call[] = []
  const fetch: typeof globalThis.fetch = async (input, init = {}) => {
    // As the platform does: a relative URL has no meaning here, and a body is read once.
    const request = new Request(input, {
      ...init,
      ...(init.body instanceof ReadableStream && { duplex: 'half' }),
    } as RequestInit)
    const call: Call = {
      url: request.url,
      method: request.method,
      headers: request.headers,
      authorization: request.headers.get('authorization'),
      body: await request.text(),
      redirect: init.redirect,
      init,
    }
    calls.push(call)
    request.signal.throwIfAborted()
    return answer(call, calls.length - 1)
  }
  return {
    fetch,
    calls,
    bearers: () => calls.map(({ authorization }) => authorization?.replace('Bearer ', '') ?? null),
  }
}

/** An API that knows one bearer and answers 401 to all others. */
export function strictApi(isValid: (bearer: string) => boolean) {
  return stubApi(({ authorization }) =>
    isValid(authorization?.replace('Bearer ', '') ?? '')
      ? new Response('ok')
      : new Response('who?', { status: 401 }),
  )
}

export const ada = { id: 'ada', email: 'ada@chat.example', role: 'ADMIN' }
export const openid: LoginOptions = { provider: 'openid' }

interface StartOptions extends Omit<Partial<SessionOptions>, 'clock'> {
  readonly clock?: ReturnType<typeof fakeClock>
  readonly strategy?: StubStrategy
}

/** A session on a fake clock, with a strategy and an API that the test controls; without jitter. */
export function start({ clock = fakeClock(), strategy = stubStrategy(), ...options }: StartOptions = {}) {
  const notices: SessionNotice[] = []
  const api = stubApi()
  let report: (signal: SessionSignal) => void = () => {}
  const session = createSession({
    baseUrl: BASE_URL,
    strategies: { openid: strategy.strategy },
    fetch: api.fetch,
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

  /** What a backend answers to the login: bearer `B1`, refresh token `R1`, 15 minutes. */
  const answer = (more: Partial<LoginAnswer> = {}): LoginAnswer => ({
    token: 'B1',
    refreshToken: 'R1',
    user: ada,
    expiresAt: clock.wall() + LIFE,
    ...more,
  })
  /** A renewal: bearer `B2`, refresh token `R2`, 15 minutes. */
  const ok = (version = 2, more: Partial<Extract<RefreshOutcome, { kind: 'ok' }>> = {}): RefreshOutcome => ({
    kind: 'ok',
    bearer: `B${version}`,
    refreshToken: `R${version}`,
    life: { expiresAt: clock.wall() + LIFE },
    ...more,
  })
  return {
    session,
    clock,
    strategy,
    api,
    notices,
    answer,
    ok,
    login: (more?: Partial<LoginAnswer>, as: Partial<LoginOptions> = {}) =>
      session.login(answer(more), { ...openid, ...as }),
    /** Moves the clock, and lets everything settle that follows. */
    async pass(ms: number) {
      clock.advance(ms)
      await flush()
    },
    /** The same in steps of a second, so that answers arrive while time passes. */
    async watch(ms: number) {
      for (let passed = 0; passed < ms; passed += SECOND) {
        clock.advance(Math.min(SECOND, ms - passed))
        await flush()
      }
    },
    async signal(signal: SessionSignal) {
      report(signal)
      await flush()
    },
    state: () => session.getSnapshot().state,
    reason: () => session.getSnapshot().reason,
    told: (type: SessionNotice['type']) => notices.filter((notice) => notice.type === type),
  }
}

export type Started = ReturnType<typeof start>

/** A session that has logged in. */
export async function loggedIn(
  options: StartOptions = {},
  more: Partial<LoginAnswer> = {},
  as: Partial<LoginOptions> = {},
) {
  const started = start(options)
  await started.login(more, as)
  return started
}

/** What became of a promise by now. */
export function outcomeOf<T>(promise: Promise<T>) {
  const seen: { value?: T; error?: unknown; isSettled: boolean } = { isSettled: false }
  promise.then(
    (value) => Object.assign(seen, { value, isSettled: true }),
    (error) => Object.assign(seen, { error, isSettled: true }),
  )
  return seen
}

/** `expect(promise).rejects.toMatchObject(error('session_expired'))` */
export const error = (code: string, more: object = {}) => ({ code, ...more })

/** Random numbers that are the same in every run. */
export function seeded(): () => number {
  let seed = 1
  return () => {
    seed = (seed * 48_271) % 2_147_483_647
    return seed / 2_147_483_647
  }
}

/** An unsigned JWT; only its claims about time are ever read. */
export function jwt(claims: Record<string, unknown>): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  return `${part({ alg: 'HS256' })}.${part(claims)}.c2ln`
}

export const until = (session: Session, state: string): Promise<void> =>
  new Promise((resolve) => {
    const stop = session.subscribe((next) => {
      if (next.state !== state) return
      stop()
      resolve()
    })
    if (session.getSnapshot().state === state) {
      stop()
      resolve()
    }
  })

/** What a login of this fixture leaves in a store. */
export const storedLogin = (more: Partial<SessionRecord> = {}): SessionRecord => ({
  v: 1,
  epoch: 1,
  version: 1,
  provider: 'openid',
  user: ada,
  bearer: 'B1',
  refreshToken: 'R1',
  endsAt: fakeClock().wall() + LIFE,
  lifeMs: LIFE,
  startedAt: fakeClock().wall(),
  ...more,
})

/** A session that finds itself in a store, as after a restart or in a second process. */
export async function restored(options: StartOptions = {}) {
  const started = start(options)
  await flush()
  return started
}
