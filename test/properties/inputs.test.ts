import fc from 'fast-check'
import { afterEach, describe, expect, onTestFinished, test } from 'vitest'
import {
  createSession,
  type FlightIdentity,
  inProcessCoordinator,
  type RefreshOutcome,
  type SessionError,
  type SessionNotice,
  type SessionStrategy,
  type StoredSession,
  sessionStore,
} from 'xstate-session'
import { flightText } from '../../src/coordination/flightText.ts'
import { lifeOf } from '../../src/session/lifetime.ts'
import { fakeClock } from '../fakeClock.ts'
import { BASE_URL, flush, MARK } from './world.ts'

/** Any JSON, and objects that try to reach a prototype. */
const poison = fc.constantFrom(
  '{"__proto__":{"polluted":true}}',
  '{"constructor":{"prototype":{"polluted":true}}}',
  '{"id":"ada","__proto__":{"polluted":true,"id":"mallory"}}',
  '{"token":"B2","refreshToken":"R2","user":{"id":"ada","__proto__":{"polluted":true}}}',
  '{"kind":"ok","bearer":"B2","refreshToken":"R2","user":{"__proto__":{"polluted":true}}}',
)
const json = fc.oneof(fc.json({ maxDepth: 4 }), poison).map((text): unknown => JSON.parse(text))
const anything = fc.oneof(
  json,
  fc.anything({ withNullPrototype: true }),
  fc.constantFrom(undefined, null, NaN, 'R1'),
)

const clean = Object.getOwnPropertyNames(Object.prototype).toSorted()
afterEach(() => {
  expect(Object.getOwnPropertyNames(Object.prototype).toSorted()).toEqual(clean)
})

const isPlain = (value: unknown): boolean => {
  if (typeof value !== 'object' || value === null) return true
  const prototype = Object.getPrototypeOf(value)
  return (
    (prototype === Object.prototype || prototype === Array.prototype) && Object.values(value).every(isPlain)
  )
}

const ok: RefreshOutcome = { kind: 'ok', bearer: 'B2', refreshToken: 'R2', life: { expiresIn: 900 } }

function start(
  more: Partial<Parameters<typeof createSession>[0]> = {},
  strategy: Partial<SessionStrategy> = {},
) {
  const clock = fakeClock()
  const notices: SessionNotice[] = []
  const errors: unknown[] = []
  const session = createSession({
    baseUrl: BASE_URL,
    strategies: { openid: { needsRefreshToken: true, refresh: async () => ok, ...strategy } },
    clock,
    random: () => 0.5,
    fetch: async () => new Response('ok'),
    observe: (notice) => notices.push(notice),
    onListenerError: (error) => errors.push(error),
    ...more,
  })
  const failures: unknown[] = []
  session.actorRef.subscribe({ error: (error) => failures.push(error) })
  return { session, clock, notices, errors, failures }
}

const login = { token: 'B1', refreshToken: 'R1', user: { id: 'ada' } }

describe('whatever comes in', () => {
  test('I22 and I30: a login answer is taken or refused with an error of ours, and changes no prototype', async () => {
    const answers = fc.record(
      {
        token: fc.oneof(fc.constant('B1'), anything),
        refreshToken: anything,
        user: fc.oneof(anything, fc.constant({ id: 'ada' })),
        expiresAt: anything,
      },
      { requiredKeys: [] },
    )
    const options = fc.oneof(
      fc.record({ provider: fc.constant('openid'), tenantId: anything, sessionId: fc.string() }),
      anything,
    )
    await fc.assert(
      fc.asyncProperty(fc.oneof(answers, anything), options, async (answer, given) => {
        const { session, failures } = start()
        const error = await session.login(answer as never, given as never).then(
          () => undefined,
          (reason: SessionError) => reason,
        )
        if (error) {
          expect(['invalid_answer', 'misconfigured']).toContain(error.code)
          expect(session.getSnapshot().state).toBe('loggedOut')
        } else {
          expect(session.getSnapshot().state).toBe('active')
          expect(isPlain(session.getSnapshot())).toBe(true)
          // The answer may say that the token has ended already.
          const token = await session.getToken().catch(({ code }: SessionError) => code)
          expect([
            (answer as { token: string }).token,
            'session_expired',
            'refresh_unavailable',
            'B2',
          ]).toContain(token)
        }
        expect(failures).toEqual([])
        session.dispose()
      }),
      { numRuns: 1_000 },
    )
  })

  test('I22 and I30: a refresh outcome of any shape leaves a session that answers', async () => {
    const outcome = fc.oneof(
      anything,
      fc.record(
        {
          kind: fc.constantFrom('ok', 'refused', 'rejected', 'unknown', 'unsupported', 'ended', 'other'),
          bearer: anything,
          refreshToken: anything,
          user: anything,
          life: anything,
          retryAfterMs: anything,
          warnings: anything,
          reason: fc.constantFrom('refreshRejected', 'accessRevoked'),
          ageMs: anything,
        },
        { requiredKeys: ['kind', 'reason'] },
      ),
    )
    await fc.assert(
      fc.asyncProperty(outcome, async (given) => {
        const { session, clock, failures } = start({}, { refresh: async () => given as never })
        await session.login(login, { provider: 'openid' })
        clock.advance(6_000)
        const asked = session.refresh().catch(() => {})
        await flush()
        clock.advance(10_000)
        await asked
        expect(failures).toEqual([])
        expect(isPlain(session.getSnapshot())).toBe(true)
        expect(['active', 'nearingExpiry', 'refreshing', 'retrying', 'expired', 'loggedOut']).toContain(
          session.getSnapshot().state,
        )
        for (const { inMs } of clock.pending()) expect(inMs).not.toBeNaN()
        session.dispose()
      }),
      { numRuns: 1_000 },
    )
  })

  test('I22 and I30: a stored value of any shape is a session or none', async () => {
    const record = fc.record(
      {
        v: fc.oneof(fc.constant(1), anything),
        epoch: fc.oneof(fc.constant(3), anything),
        version: fc.oneof(fc.constant(2), anything),
        provider: fc.oneof(fc.constant('openid'), anything),
        user: fc.oneof(fc.constant({ id: 'ada' }), anything),
        bearer: fc.oneof(fc.constant('B1'), anything),
        refreshToken: fc.oneof(fc.constant('R1'), anything),
        endsAt: anything,
        lifeMs: anything,
        startedAt: fc.oneof(fc.constant(0), anything),
      },
      { requiredKeys: [] },
    )
    await fc.assert(
      fc.asyncProperty(fc.oneof(record, anything), async (stored) => {
        const read = async () => structuredCloneOr(stored)
        const { session, failures } = start({
          store: sessionStore({ read, compareAndSet: async () => true }),
        })
        await flush()
        expect(failures).toEqual([])
        expect(session.getSnapshot().isPending).toBe(false)
        const token = await session.getToken().catch((error: SessionError) => error)
        if (typeof token !== 'string') expect(token.code).toBeDefined()
        session.dispose()
      }),
      { numRuns: 600 },
    )
  })

  test('I30: the life of a bearer is a number that is not NaN, whatever the hints', () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.record({ expiresAt: anything, expiresIn: anything }),
        fc.boolean(),
        (bearer, hints, now) => {
          const options = { expiresAtUnit: 'auto', lifetimeMs: Infinity, maxLifetimeMs: 86_400_000 } as const
          const life = lifeOf(bearer, hints, 1_767_225_600_000, now, options, () => {})
          expect(life).not.toBeNaN()
          expect(life === Infinity || life <= 86_400_000).toBe(true)
        },
      ),
      { numRuns: 2_000 },
    )
  })
})

const structuredCloneOr = (value: unknown) => {
  try {
    return structuredClone(value) as StoredSession | null
  } catch {
    return null
  }
}

describe('who gets what', () => {
  const discriminators = fc.record({
    userId: fc.constantFrom('ada', 'bob', 'a:1', 'a'),
    tenantId: fc.option(fc.constantFrom('blue', 'green', '1'), { nil: undefined }),
    sessionId: fc.option(fc.constantFrom('s1', 's2'), { nil: undefined }),
  })

  test('I7: two identities have one key only if they are equal', () => {
    const text = fc.option(fc.string({ unit: fc.constantFrom('a', '1', ':', '-', '"', '\\', '\ud800') }), {
      nil: undefined,
    })
    const identity = fc.record({
      provider: fc.constantFrom('p', ''),
      userId: fc.string({ unit: fc.constantFrom('a', '1', ':', '-') }),
      tenantId: text,
      sessionId: text,
      refreshToken: text,
    }) as fc.Arbitrary<FlightIdentity>
    fc.assert(
      fc.property(identity, identity, (a, b) => {
        const isEqual = (['provider', 'userId', 'tenantId', 'sessionId', 'refreshToken'] as const).every(
          (key) => a[key] === b[key],
        )
        expect(flightText(a) === flightText(b)).toBe(isEqual)
      }),
      { numRuns: 5_000 },
    )
  })

  test('I7: sessions that share a refresh token by chance share no flight unless they are the same session', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(discriminators, { minLength: 2, maxLength: 5 }),
        fc.scheduler(),
        async (owners, s) => {
          const clock = fakeClock()
          const coordinator = inProcessCoordinator({
            clock,
            hash: (text) => s.schedule(Promise.resolve(text)),
          })
          let sends = 0
          const strategy: SessionStrategy = {
            needsRefreshToken: true,
            refresh: ({ userId, tenantId, refreshToken }) => {
              sends += 1
              const bearer = ['B2', userId, tenantId ?? 'none'].join('_')
              return s.schedule(Promise.resolve({ ...ok, bearer, refreshToken: `${refreshToken}_2` }))
            },
          }
          const sessions = owners.map(({ userId, tenantId, sessionId }) => {
            const session = createSession({
              baseUrl: BASE_URL,
              strategies: { openid: strategy },
              clock,
              coordinator,
              random: () => 0.5,
              fetch: async () => new Response(),
            })
            const more = { ...(tenantId && { tenantId }), ...(sessionId && { sessionId }) }
            void session.login({ ...login, user: { id: userId } }, { provider: 'openid', ...more })
            return session
          })
          const asked = sessions.map((session) => session.refresh())
          await s.waitFor(Promise.all(asked))
          const keys = new Set(
            owners.map(({ userId, tenantId, sessionId }) =>
              JSON.stringify([userId, tenantId ?? null, sessionId ?? null]),
            ),
          )
          expect(sends).toBe(keys.size)
          for (const [index, session] of sessions.entries()) {
            const { userId, tenantId } = owners[index] as (typeof owners)[number]
            expect(await session.getToken()).toBe(`B2_${userId}_${tenantId ?? 'none'}`)
            session.dispose()
          }
        },
      ),
      { numRuns: 300 },
    )
  })

  test('I25 and I24: stragglers with the spent token get the token of the winner, and nothing is sent', async () => {
    const delays = fc.array(fc.integer({ min: 0, max: 55_000 }), { minLength: 1, maxLength: 8 })
    await fc.assert(
      fc.asyncProperty(delays, async (given) => {
        const clock = fakeClock()
        const coordinator = inProcessCoordinator({ clock, hash: (text) => text })
        const sent: string[] = []
        const copy = async () => {
          const session = createSession({
            baseUrl: BASE_URL,
            strategies: {
              openid: {
                needsRefreshToken: true,
                async refresh({ refreshToken = '' }) {
                  sent.push(refreshToken)
                  return { ...ok, life: { expiresIn: 3_600 } }
                },
              },
            },
            clock,
            coordinator,
            refresh: 'onDemand',
            random: () => 0,
            fetch: async () => new Response(),
          })
          await session.login({ ...login, expiresAt: clock.wall() + 60_000 }, { provider: 'openid' })
          return session
        }
        const sessions = await Promise.all([copy(), ...given.map(copy)])
        clock.advance(31_000)
        expect(await sessions[0]?.getToken()).toBe('B2')
        let passed = 0
        for (const [index, delay] of given.toSorted((a, b) => a - b).entries()) {
          clock.advance(delay - passed)
          passed = delay
          expect(await sessions[index + 1]?.getToken()).toBe('B2')
        }
        expect(sent).toEqual(['R1'])
        for (const session of sessions) session.dispose()
      }),
      { numRuns: 200 },
    )
  })
})

describe('where tokens go', () => {
  const host = fc.constantFrom(
    'chat.example',
    'chat.example:444',
    'evil.example',
    'chat.example.evil.example',
    'evil.example\\@chat.example',
  )
  const scheme = fc.constantFrom(
    'https://',
    'http://',
    '//',
    '/\\',
    '\\\\',
    '/\t/',
    'https:/',
    'HTTPS://',
    'blob:https://',
    'ftp://',
    'https://user@',
    'https://chat.example@',
    '',
  )
  const path = fc.constantFrom(
    '',
    '/',
    '/api',
    '/../x',
    '/./\\evil.example',
    '?q=//evil.example',
    '#//evil.example',
  )
  const input = fc.oneof(
    fc.tuple(scheme, host, path).map((parts) => parts.join('')),
    fc.webUrl(),
    fc.string(),
    fc.webPath(),
  )

  test('I16: a bearer goes to an allowed origin only, and follows no redirect to another', async () => {
    const seen: { url: string; bearer: string | null; redirect: string }[] = []
    let location: string | undefined
    const { session } = start({
      allowedOrigins: ['https://api.example'],
      async fetch(target, init) {
        const request = new Request(target, init)
        const { url, redirect } = request
        seen.push({ url, redirect, bearer: request.headers.get('authorization') })
        if (location === undefined) return new Response()
        const headers = { location }
        location = undefined
        return new Response(null, { status: 302, headers })
      },
    })
    onTestFinished(() => session.dispose())
    await session.login({ ...login, token: `${MARK}_b` }, { provider: 'openid' })
    const asRequest = fc.boolean()
    await fc.assert(
      fc.asyncProperty(
        input,
        fc.option(input, { nil: undefined }),
        asRequest,
        async (given, target, isRequest) => {
          location = target === undefined ? undefined : encodeURI(target.toWellFormed())
          const call =
            isRequest && URL.canParse(given) && !new URL(given).username ? new Request(given) : given
          await session.fetch(call).catch(() => {})
          for (const { url, bearer, redirect } of seen.splice(0))
            if (bearer?.includes(MARK)) {
              expect(['https://chat.example', 'https://api.example']).toContain(new URL(url).origin)
              expect(url).toMatch(/^https?:/)
              // Whoever lets the platform follow lets it choose where the bearer goes.
              expect(redirect).toBe('manual')
            }
        },
      ),
      { numRuns: 2_000 },
    )
  })
})
