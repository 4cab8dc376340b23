import { systemClock } from '../session/clock.ts'
import type { RefreshOutcome, RefreshRequest, SessionStrategy } from '../strategies/strategy.ts'
import { type ConformanceCase, expectSame } from './conformanceCase.ts'
import { outcomeFaults } from './outcomeFaults.ts'
import { ELSEWHERE, type Received, type Script, scriptedBackend } from './scriptedBackend.ts'

/** What a refresh brings. */
export interface RenewedTokens {
  /** The new access token. */
  readonly bearer: string
  /** Its successor (RFC 6749, section 6). */
  readonly refreshToken: string
}

/** The strategy, and what its backend says. */
export interface StrategyConformanceOptions {
  /** The strategy, for a backend at `baseUrl`, absolute and ending with `/`; called once for each case. */
  create(baseUrl: string): SessionStrategy
  /** How that backend answers a refresh that succeeded and brought these tokens. JSON, and status 200. */
  success(tokens: RenewedTokens): Response
  /**
   * Which tokens the strategy gets to see. `bearer`: a cookie jar keeps the refresh token. `none`: a server keeps
   * both, so nothing is spent by asking again.
   * @default 'both'
   */
  readonly sees?: 'both' | 'bearer' | 'none'
  /** What the attempts of the cases carry besides. @default a user id */
  readonly request?: Partial<Pick<RefreshRequest, 'userId' | 'tenantId'>>
  /**
   * Serves `answer` over real connections, on loopback; for strategies that do not take the `fetch` of their attempt,
   * and to see others on the platform's own transport.
   * @default none: the attempts carry a `fetch` that answers
   */
  serve?(answer: (request: Request) => Promise<Response>): Promise<{
    readonly baseUrl: string
    close(): void | Promise<void>
  }>
}

/** Marked, so that they are found wherever they must not be. */
const SENT = 'canary-sent-W7kQ2x'
const BROUGHT: RenewedTokens = { bearer: 'canary-bearer-V3nR8t', refreshToken: 'canary-brought-J5mP9z' }
/** A cause and a warning are shorter than this part of a token. */
const isCanary = (text: string) => /canary-|W7kQ2x|V3nR8t|J5mP9z/.test(text)
/** How long a strategy may take that has nothing to wait for, milliseconds. */
const PATIENCE_MS = 3_000

interface Run {
  /** What was resolved to. Rejections are faults of the strategy. */
  readonly outcome: RefreshOutcome
  readonly received: readonly Received[]
}

interface Subject {
  readonly sees: 'both' | 'bearer' | 'none'
  success(tokens?: RenewedTokens): Response
  /** One attempt at a backend that answers like this. */
  attempt(script: Script, more?: Partial<RefreshRequest>): Promise<Run>
  /** One attempt that is aborted as soon as its request has arrived. */
  aborted(script: Script): Promise<Run>
  /** What ends the grant, if the strategy does that; each entry is one call at such a backend. */
  revocations(
    script: Script,
  ): Promise<{ readonly answers: readonly unknown[]; readonly received: readonly Received[] }>
  /** What of a request is not allowed to happen twice: the one that spends the token. */
  spends(received: readonly Received[]): number
  readonly needsRefreshToken: boolean
}

/**
 * What a `SessionStrategy` must do, for whoever writes one: a list of cases for any test runner. The first of them is
 * a refresh that succeeds; where it fails, the others prove little.
 */
export function strategyConformance(options: StrategyConformanceOptions): readonly ConformanceCase[] {
  return Object.entries(cases).map(([name, check]) => ({ name, run: () => check(subjectOf(options)) }))
}

function subjectOf({
  create,
  success: answerOf,
  sees = 'both',
  request,
  serve,
}: StrategyConformanceOptions): Subject {
  const success = (tokens = BROUGHT) => answerOf(tokens)

  async function at<T>(
    script: Script,
    use: (strategy: SessionStrategy, made: Made) => Promise<T>,
  ): Promise<T> {
    const backend = scriptedBackend(script, success)
    const { baseUrl, close } = serve
      ? await serve(backend.answer)
      : { baseUrl: 'https://backend.test/', close: () => {} }
    const attempt = (more: Partial<RefreshRequest> = {}): RefreshRequest => ({
      baseUrl,
      ...(sees === 'both' && { refreshToken: SENT }),
      userId: 'user-1',
      attemptId: 'attempt-1',
      signal: new AbortController().signal,
      ...(!serve && { fetch: backend.fetch }),
      ...request,
      ...more,
    })
    try {
      return await use(create(baseUrl), { ...backend, attempt })
    } finally {
      await close()
    }
  }

  const told = (call: () => Promise<RefreshOutcome>) =>
    within(
      Promise.resolve()
        .then(call)
        .catch(() => {
          throw new Error('It threw. Every failure is an outcome.')
        }),
    )

  return {
    sees,
    success,
    needsRefreshToken: create('https://backend.test/').needsRefreshToken,
    attempt: (script, more) =>
      at(script, async (strategy, { attempt, received }) => ({
        outcome: await told(() => strategy.refresh(attempt(more))),
        received,
      })),
    aborted: (script) =>
      at(script, async (strategy, { attempt, received, arrived }) => {
        const controller = new AbortController()
        const outcome = strategy.refresh(attempt({ signal: controller.signal }))
        // What ends before its request has arrived is found out by the outcome.
        outcome.catch(() => {})
        await within(Promise.race([arrived, outcome]))
        controller.abort()
        return { outcome: await told(() => outcome), received }
      }),
    revocations: (script) =>
      at(script, async (strategy, { attempt, received }) => {
        const answers: unknown[] = []
        for (const cause of ['logout', 'late'] as const) {
          const ending = strategy.revoke?.({ ...attempt(), bearer: BROUGHT.bearer, cause })
          if (ending) answers.push(await within(ending))
        }
        return { answers, received }
      }),
    spends: (received) =>
      sees === 'both'
        ? received.filter(carriesToken).length
        : received.filter(({ method }) => method !== 'GET').length,
  }
}

interface Made extends ReturnType<typeof scriptedBackend> {
  attempt(more?: Partial<RefreshRequest>): RefreshRequest
}

const carriesToken = ({ url, headers, body }: Received) => `${url}\n${headers}\n${body}`.includes(SENT)

async function within<T>(promise: Promise<T>): Promise<T> {
  let disarm = () => {}
  const late = new Promise<never>((_, reject) => {
    const fail = () => reject(new Error(`It was still waiting after ${PATIENCE_MS} ms.`))
    disarm = systemClock.setTimer(fail, PATIENCE_MS, 'foreground')
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    disarm()
  }
}

const answer = (status: number, body: string | Uint8Array | null, type = 'application/json', more = {}) =>
  new Response(body as BodyInit | null, {
    status,
    headers: { ...(type && { 'content-type': type }), ...more },
  })

const QUOTING = JSON.stringify({
  error: SENT,
  error_code: SENT,
  error_description: `${SENT} ${BROUGHT.refreshToken}`,
  message: BROUGHT.bearer,
  [SENT]: [SENT],
})
const STATUSES = [
  201, 202, 203, 206, 400, 401, 402, 403, 404, 405, 408, 409, 410, 415, 418, 421, 422, 425, 429,
]
const FAILURES = [500, 501, 502, 503, 504, 507, 511, 520, 599]

/** What comes instead of an answer, by what it is. */
const garbage: Readonly<Record<string, Script>> = {
  'no content': () => answer(204, null, ''),
  'an empty body': () => answer(200, ''),
  'a page': () => answer(200, '<!doctype html><title>Sign in</title>', 'text/html'),
  'a page that says it is JSON': () => answer(200, '<!doctype html><title>Sign in</title>'),
  'half of JSON': () => answer(200, '{"token":"'),
  'JSON that quotes the token before it breaks': () => answer(200, `{"${SENT}":`),
  'bytes that are no text': () => answer(200, new Uint8Array([0x7b, 0xff, 0xfe, 0x00, 0x7d])),
  'a body without end, nearly': () => answer(200, `{"a":"${'x'.repeat(1_000_000)}"}`),
  'a header that quotes the token': () =>
    answer(503, '{}', 'application/json', { 'retry-after': SENT, date: SENT, 'www-authenticate': SENT }),
  ...Object.fromEntries(
    ['null', 'true', '0', '"text"', '[]', '{}', '[{}]', '{"__proto__":{}}', QUOTING].map((body) => [
      `200 and ${body.slice(0, 20)}`,
      () => answer(200, body),
    ]),
  ),
  ...Object.fromEntries(
    [...STATUSES, ...FAILURES].flatMap((status) => [
      [`${status} and a page`, () => answer(status, `<html>${SENT}</html>`, 'text/html')],
      [`${status} and JSON`, () => answer(status, QUOTING)],
    ]),
  ),
}

/** Every text that can be reached in a value, names included. */
function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  if (value instanceof Error) return [value.message, String(value.stack), ...textsOf(value.cause)]
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, part]) => [name, ...textsOf(part)])
}

/** One of the union, without a token where none belongs. */
function expectOutcome(what: string, outcome: RefreshOutcome) {
  const faults = outcomeFaults(outcome)
  if (faults.length > 0) throw new Error(`${what}: no outcome: ${faults.join(', ')}`)
  const { bearer: _, refreshToken: __, ...rest } = outcome as { bearer?: string; refreshToken?: string }
  if (textsOf(rest).some(isCanary)) throw new Error(`${what}: the outcome "${outcome.kind}" quotes a token`)
}

function expectFailure(what: string, outcome: RefreshOutcome) {
  expectOutcome(what, outcome)
  if (isSuccess(outcome)) throw new Error(`${what}: taken for a success`)
}

const isSuccess = (outcome: RefreshOutcome) =>
  outcome.kind === 'ok' || (outcome.kind === 'kept' && outcome.facts !== null)

/** The token may be spent, and nobody can say: not safe to send again, and not the end. */
function expectDoubt(what: string, outcome: RefreshOutcome, sees: Subject['sees']) {
  expectFailure(what, outcome)
  expectSame(what, outcome.kind, sees === 'none' ? 'refused' : 'unknown')
}

const cases: Record<string, (subject: Subject) => Promise<void>> = {
  async 'a refresh that succeeded brings what the answer brought'({ attempt, success, sees }) {
    const { outcome } = await attempt(() => success())
    expectOutcome('success', outcome)
    if (sees === 'none') return expectSame('success', [outcome.kind, isSuccess(outcome)], ['kept', true])
    if (outcome.kind !== 'ok') throw new Error(`success: "${outcome.kind}", not "ok"`)
    expectSame('bearer', outcome.bearer, BROUGHT.bearer)
    if (sees === 'both') expectSame('refresh token', outcome.refreshToken, BROUGHT.refreshToken)
  },

  async 'one attempt spends the token once, whatever comes back'({ attempt, success, spends }) {
    const scripts = { success: () => success(), ...garbage }
    for (const [what, script] of Object.entries(scripts))
      expectSame(`requests, ${what}`, spends((await attempt(script)).received), 1)
  },

  async 'the refresh token is in no URL'({ attempt, success, revocations }) {
    const runs = [
      await attempt(() => success()),
      await attempt(() => answer(500, '{}')),
      await revocations(() => answer(200, '{}')),
    ]
    for (const { url } of runs.flatMap(({ received }) => received))
      if (isCanary(url) || isCanary(decodeURIComponent(url)))
        throw new Error('A token is in the URL of a request.')
  },

  async 'without the token that it needs, nothing is sent'({ attempt, success, needsRefreshToken }) {
    if (!needsRefreshToken) return
    for (const refreshToken of [undefined, '']) {
      const { outcome, received } = await attempt(() => success(), {
        refreshToken,
      } as Partial<RefreshRequest>)
      expectFailure('no token', outcome)
      expectSame('requests', received.length, 0)
    }
  },

  async 'garbage is an outcome, not a throw, and no success'({ attempt }) {
    for (const [what, script] of Object.entries(garbage)) expectFailure(what, (await attempt(script)).outcome)
  },

  async 'a success is one with the right status, the right type, and whole'({ attempt, success }) {
    const text = await success().text()
    const { headers } = success()
    const spoiled: Record<string, () => Response> = {
      'half of it': () => new Response(text.slice(0, text.length / 2), { headers }),
      'more than it': () => new Response(`${text}}`, { headers }),
      'in a list': () => new Response(`[${text}]`, { headers }),
    }
    for (const status of [...STATUSES, ...FAILURES])
      spoiled[`with ${status}`] = () => new Response(text, { status, headers })
    for (const type of ['text/html', 'text/plain', '']) {
      const other = new Headers(headers)
      if (type) other.set('content-type', type)
      else other.delete('content-type')
      // A body without a type of its own: bytes.
      spoiled[`as ${type || 'nothing'}`] = () =>
        new Response(new TextEncoder().encode(text), { headers: other })
    }
    for (const [what, script] of Object.entries(spoiled)) expectFailure(what, (await attempt(script)).outcome)
  },

  async 'values of the wrong type are not coerced'({ attempt, success }) {
    const { headers } = success()
    const body = (await success().json()) as Record<string, unknown>
    for (const name of Object.keys(body))
      for (const wrong of [null, 42, true, ['x'], { a: 'x' }, '', 'with a\nbreak']) {
        const spoiled = JSON.stringify({ ...body, [name]: wrong })
        const { outcome } = await attempt(() => new Response(spoiled, { headers }))
        const what = `${name} is ${JSON.stringify(wrong)}`
        expectOutcome(what, outcome)
        if (outcome.kind !== 'ok') continue
        const { bearer = BROUGHT.bearer, refreshToken = BROUGHT.refreshToken } = outcome
        const found = [bearer, refreshToken]
        if (found.some((token) => !isCanary(token) && token !== wrong))
          throw new Error(`${what}: it became another text`)
      }
  },

  async 'a redirect is not followed'({ attempt, sees }) {
    for (const status of [301, 302, 303, 307, 308])
      for (const target of [`/${ELSEWHERE}`, `https://other.test/${ELSEWHERE}`]) {
        const { outcome, received } = await attempt(() => answer(status, null, '', { location: target }))
        const what = `${status} to ${target}`
        const followed = received.filter(({ url }) => new URL(url).pathname.endsWith(ELSEWHERE))
        expectSame(`requests after ${what}`, followed.length, 0)
        expectFailure(what, outcome)
        if (sees !== 'none' && outcome.kind === 'refused')
          throw new Error(`${what}: called safe to send again`)
      }
  },

  async 'what may have spent the token is not called safe, nor the end'({ attempt, sees }) {
    const doubtful = [
      'an empty body',
      'a page',
      'half of JSON',
      '500 and a page',
      '502 and a page',
      '504 and a page',
    ]
    for (const what of doubtful) expectDoubt(what, (await attempt(garbage[what] as Script)).outcome, sees)
  },

  async 'a limiter says how long to wait'({ attempt }) {
    const { outcome } = await attempt(() => answer(429, '{}', 'application/json', { 'retry-after': '7' }))
    expectFailure('429', outcome)
    expectSame('429', outcome, { kind: 'refused', cause: 'limited', retryAfterMs: 7_000 })
  },

  async 'the deadline ends an attempt that gets no answer'({ aborted, sees }) {
    expectDoubt('no answer', (await aborted(() => new Promise(() => {}))).outcome, sees)
  },

  async 'the deadline ends a body that does not end'({ aborted, sees }) {
    const endless = () =>
      new Response(
        new ReadableStream({
          start: (stream) => stream.enqueue(new TextEncoder().encode('{"token":"')),
        }),
        { headers: { 'content-type': 'application/json' } },
      )
    expectDoubt('half a body', (await aborted(endless)).outcome, sees)
  },

  async 'after the deadline nothing is sent'({ attempt, success }) {
    const { outcome, received } = await attempt(() => success(), { signal: AbortSignal.abort() })
    expectFailure('aborted before', outcome)
    expectSame('requests', received.length, 0)
  },

  async 'a connection that breaks is an outcome without a word of the error'({ attempt }) {
    const failures = [
      new TypeError(`fetch failed for ${SENT}`, { cause: new Error(BROUGHT.bearer) }),
      SENT,
      undefined,
    ]
    for (const failure of failures) {
      const { outcome } = await attempt(() => Promise.reject(failure))
      expectFailure('a broken connection', outcome)
    }
  },

  async 'attempts under way at the same time do not mix'({ attempt, success, sees }) {
    if (sees === 'none') return
    const tries = Array.from({ length: 5 }, (_, n) => `canary-${n}`)
    const runs = await Promise.all(tries.map((bearer) => attempt(() => success({ ...BROUGHT, bearer }))))
    expectSame(
      'bearers',
      runs.map(({ outcome }) => outcome.kind === 'ok' && outcome.bearer),
      tries,
    )
  },

  async 'to end a grant never throws, and tells whether it ended'({ revocations }) {
    for (const what of [
      'an empty body',
      'a page',
      'half of JSON',
      '401 and JSON',
      '500 and a page',
      '503 and JSON',
    ]) {
      const { answers } = await revocations(garbage[what] as Script)
      expectSame(
        `answers, ${what}`,
        answers.every((known) => typeof known === 'boolean'),
        true,
      )
    }
  },
}
