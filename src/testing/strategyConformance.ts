import { optionsOf } from '../base/optionsOf.ts'
import type { RefreshOutcome, RefreshRequest } from '../session/strategy.ts'
import { type ConformanceCase, expectSame } from './conformanceCase.ts'
import { gatewayAnswers } from './gatewayAnswers.ts'
import { outcomeFaults } from './outcomeFaults.ts'
import { ELSEWHERE, type Script } from './scriptedBackend.ts'
import { answer, FAILURES, garbage, STATUSES } from './strategyGarbage.ts'
import {
  BROUGHT,
  isCanary,
  SENT,
  type StrategyConformanceOptions,
  type Subject,
  subjectOf,
} from './strategySubject.ts'

/**
 * The contract of a `SessionStrategy` as a list of cases for any test runner. Use it if you write a strategy. The first
 * case is a refresh that succeeds. If that case fails, the others prove little.
 *
 * @example
 * const cases = strategyConformance({
 *   create: () => openidStrategy(),
 *   success: ({ bearer, refreshToken }) => Response.json({ token: bearer, refreshToken, user: { id: 'user-1' } }),
 * })
 * for (const { name, run } of cases) test(name, run)
 */
export function strategyConformance(options: StrategyConformanceOptions): readonly ConformanceCase[] {
  optionsOf('strategyConformance', options)
  return Object.entries(cases).map(([name, check]) => ({ name, run: () => check(subjectOf(options)) }))
}

/** Every text in a value, with the names of its members. */
function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  if (value instanceof Error) return [value.message, String(value.stack), ...textsOf(value.cause)]
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, part]) => [name, ...textsOf(part)])
}

/** Checks that it is one of the outcomes, and has no token in a wrong place. */
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

const isSuccess = (outcome: RefreshOutcome) => outcome.kind === 'ok'

/** Checks that the outcome is unknown: the token may be spent, so a second send is not safe, and nothing has ended. */
function expectDoubt(what: string, outcome: RefreshOutcome) {
  expectFailure(what, outcome)
  expectSame(what, outcome.kind, 'unknown')
}

const cases: Record<string, (subject: Subject) => Promise<void>> = {
  async 'a refresh that succeeded brings what the answer brought'({ attempt, success, sees }) {
    const { outcome } = await attempt(() => success())
    expectOutcome('success', outcome)
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

  async 'its kind, where it says one, is a fixed word'({ kinds: [kind = 'custom', other = 'custom'] }) {
    if (typeof kind !== 'string' || !/^[a-z][\w-]*$/i.test(kind) || kind !== other)
      throw new Error(
        'Its "kind" has to be one word, the same for each: it is shown, and tells nobody apart.',
      )
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

  async 'a success is one with the right status, and whole'({ attempt, success }) {
    const text = await success().text()
    const { headers } = success()
    const spoiled: Record<string, () => Response> = {
      'half of it': () => new Response(text.slice(0, text.length / 2), { headers }),
      'more than it': () => new Response(`${text}}`, { headers }),
      'in a list': () => new Response(`[${text}]`, { headers }),
    }
    // Frameworks and proxies answer like this. The strategy decides whether such a success counts.
    const others = STATUSES.filter((status) => status !== 201 && status !== 203)
    for (const status of [...others, ...FAILURES])
      spoiled[`with ${status}`] = () => new Response(text, { status, headers })
    for (const [what, script] of Object.entries(spoiled)) expectFailure(what, (await attempt(script)).outcome)
  },

  async 'a success whose content type somebody has changed is used all the same'({ attempt, success }) {
    const text = await success().text()
    for (const type of ['text/plain', 'text/json', 'application/json; charset=UTF8', 'text/html', '']) {
      const headers = new Headers(success().headers)
      if (type) headers.set('content-type', type)
      else headers.delete('content-type')
      // Bytes give the body no content type.
      const { outcome } = await attempt(() => new Response(new TextEncoder().encode(text), { headers }))
      const what = `as ${type || 'nothing'}`
      expectOutcome(what, outcome)
      if (!isSuccess(outcome)) throw new Error(`${what}: thrown away, though its token is spent`)
    }
  },

  async 'what a gateway says in place of the backend ends nothing, and is not counted as an answer'({
    attempt,
  }) {
    for (const [what, script] of Object.entries(gatewayAnswers)) {
      const { outcome } = await attempt(script)
      expectFailure(what, outcome)
      if (outcome.kind !== 'refused' && outcome.kind !== 'unknown')
        throw new Error(`${what}: "${outcome.kind}", though the backend has not spoken`)
      if (outcome.kind === 'unknown' && outcome.answered) throw new Error(`${what}: taken for the backend`)
    }
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

  async 'a redirect is not followed'({ attempt }) {
    for (const status of [301, 302, 303, 307, 308])
      for (const target of [`/${ELSEWHERE}`, `https://other.test/${ELSEWHERE}`]) {
        const { outcome, received } = await attempt(() => answer(status, null, '', { location: target }))
        const what = `${status} to ${target}`
        const followed = received.filter(({ url }) => new URL(url).pathname.endsWith(ELSEWHERE))
        expectSame(`requests after ${what}`, followed.length, 0)
        expectFailure(what, outcome)
        if (outcome.kind === 'refused') throw new Error(`${what}: called safe to send again`)
      }
  },

  async 'what may have spent the token is not called safe, nor the end'({ attempt }) {
    const doubtful = [
      'an empty body',
      'a page',
      'half of JSON',
      '500 and a page',
      '502 and a page',
      '504 and a page',
    ]
    for (const what of doubtful) expectDoubt(what, (await attempt(garbage[what] as Script)).outcome)
  },

  async 'a limiter says how long to wait'({ attempt }) {
    const { outcome } = await attempt(() => answer(429, '{}', 'application/json', { 'retry-after': '7' }))
    expectFailure('429', outcome)
    expectSame('429', outcome, { kind: 'refused', cause: 'limited', retryAfterMs: 7_000 })
  },

  async 'the deadline ends an attempt that gets no answer'({ aborted }) {
    expectDoubt('no answer', (await aborted(() => new Promise(() => {}))).outcome)
  },

  async 'the deadline ends a body that does not end'({ aborted }) {
    const endless = () =>
      new Response(
        new ReadableStream({
          start: (stream) => stream.enqueue(new TextEncoder().encode('{"token":"')),
        }),
        { headers: { 'content-type': 'application/json' } },
      )
    expectDoubt('half a body', (await aborted(endless)).outcome)
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

  async 'attempts under way at the same time do not mix'({ attempt, success }) {
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
