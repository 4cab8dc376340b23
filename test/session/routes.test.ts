import { describe, expect, test } from 'vitest'
import { flush, loggedIn, MINUTE, outcomeOf, SECOND, sentTo, stubApi } from './fixture.ts'

const no = (headers = {}) => new Response('who?', { status: 401, headers })

/** An API with one route that always answers 401, and others that take the bearers that `isGood`. */
function api(isGood: (bearer: string) => boolean = () => true) {
  return stubApi(({ url, authorization }) =>
    url.endsWith('/bad') || !isGood(authorization?.replace('Bearer ', '') ?? '') ? no() : new Response('ok'),
  )
}

describe('one route that always answers 401', () => {
  test('U34: polled every 2 s beside healthy calls, it costs 7 refreshes in five minutes at most, and fails nobody', async () => {
    const started = await loggedIn({ fetch: api().fetch })
    const { session, strategy, ok, pass } = started
    await pass(SECOND)
    strategy.always(() => ok(strategy.attempts.length + 1))
    const statuses: unknown[] = []
    for (let second = 0; second < 300; second += 2) {
      const bad = outcomeOf(session.fetch('/bad'))
      const healthy = outcomeOf(session.fetch('/api'))
      await pass(SECOND)
      const another = outcomeOf(session.fetch('/api'))
      await pass(SECOND)
      statuses.push((healthy.value as Response)?.status, (another.value as Response)?.status)
      expect(bad.isSettled || session.getSnapshot().state === 'retrying').toBe(true)
    }
    expect(new Set(statuses)).toEqual(new Set([200]))
    expect(strategy.attempts.length).toBeLessThanOrEqual(7)
    expect(strategy.attempts.length).toBeGreaterThan(1)
  })

  test('U34: alone it costs no more, and a healthy call finds its way in between', async () => {
    const { session, strategy, ok, pass } = await loggedIn({ fetch: api().fetch })
    await pass(SECOND)
    strategy.always(() => ok(strategy.attempts.length + 1))
    for (let second = 0; second < 300; second += 2) {
      session.fetch('/bad').catch(() => {})
      await pass(2 * SECOND)
      if (second % 60 === 30) expect((await session.fetch('/api')).status).toBe(200)
    }
    expect(strategy.attempts.length).toBeLessThanOrEqual(7)
  })

  test('U34: while no refresh succeeds the other routes are served, and the state says that something is wrong', async () => {
    const { session, strategy, pass } = await loggedIn({ fetch: api().fetch })
    await pass(SECOND)
    strategy.always({ kind: 'refused', cause: 'network' })
    session.fetch('/bad').catch(() => {})
    await flush()
    expect(session.getSnapshot()).toMatchObject({ state: 'retrying', isUsable: false })
    expect((await session.fetch('/api')).status).toBe(200)
    await flush()
    expect(session.getSnapshot()).toMatchObject({ state: 'retrying', isUsable: true })
  })
})

describe('a bearer that is refused right after a renewal', () => {
  /** The bearer was renewed a moment ago, and no call was made with it yet. */
  async function renewed(isGood: (bearer: string) => boolean) {
    const calls = api(isGood)
    const started = await loggedIn({ fetch: calls.fetch })
    await started.pass(SECOND)
    void started.session.refresh().catch(() => {})
    await flush()
    await started.strategy.last().answer(started.ok(2))
    expect(started.session.getSnapshot()).toMatchObject({ state: 'active', version: 2 })
    return { ...started, calls }
  }

  test('U34: nobody was served with it: retrying until the floor, one refresh, and the call is answered', async () => {
    const { session, strategy, ok, pass } = await renewed((bearer) => bearer === 'B3')
    strategy.always(() => ok(3))
    const call = outcomeOf(session.fetch('/api'))
    await flush()
    expect(session.getSnapshot()).toMatchObject({
      state: 'retrying',
      isUsable: false,
      shouldOfferLogin: true,
    })
    await pass(5 * SECOND - 1)
    expect(strategy.attempts).toHaveLength(1)
    await pass(1)
    expect(strategy.attempts).toHaveLength(2)
    expect((call.value as Response).status).toBe(200)
    expect(session.getSnapshot()).toMatchObject({ state: 'active', version: 3, isUsable: true })
  })

  test('U34: another call was served with it: the answer stands, and it is found out as soon as the floor allows', async () => {
    let isEnded = false
    const { session, strategy, ok, pass } = await renewed((bearer) => !isEnded || bearer === 'B3')
    strategy.always(() => ok(3))
    expect((await session.fetch('/api')).status).toBe(200)
    isEnded = true
    expect((await session.fetch('/api')).status).toBe(401)
    expect(session.getSnapshot()).toMatchObject({ state: 'active', isUsable: true })
    await pass(5 * SECOND)
    expect(strategy.attempts).toHaveLength(2)
    expect((await session.fetch('/api')).status).toBe(200)
  })

  test('U76: the demo: the bearer ends, the provider breaks, the bearer ends again, the provider is mended', async () => {
    const dead = new Set<string>()
    const { session, strategy, ok, pass } = await loggedIn({
      fetch: api((bearer) => !dead.has(bearer)).fetch,
    })
    await pass(SECOND)
    const fifty = () => Array.from({ length: 50 }, () => outcomeOf(session.fetch('/api')))
    const statusesOf = (calls: ReturnType<typeof fifty>) =>
      new Set(
        calls.map(({ value, error }) => (value as Response)?.status ?? (error as { code: string }).code),
      )
    strategy.always(() => ok(strategy.attempts.length + 1))
    dead.add('B1')
    const first = fifty()
    await flush()
    expect(statusesOf(first)).toEqual(new Set([200]))
    strategy.always({ kind: 'unknown', cause: 'refreshFailed', answered: true })
    dead.add('B2')
    fifty()
    await pass(5 * SECOND)
    // As soon as it can know, it says so, and tries.
    expect(session.getSnapshot()).toMatchObject({ state: 'retrying' })
    expect(strategy.attempts).toHaveLength(2)
    const second = fifty()
    await pass(SECOND)
    expect(statusesOf(second)).toEqual(new Set(['refresh_unavailable']))
    expect(session.getSnapshot()).toMatchObject({
      state: 'retrying',
      isUsable: false,
      shouldOfferLogin: true,
    })
    strategy.always(() => ok(strategy.attempts.length + 1))
    for (let second = 0; second < 15; second++) await pass(SECOND)
    expect(session.getSnapshot()).toMatchObject({ state: 'active', isUsable: true })
    const third = fifty()
    await flush()
    expect(statusesOf(third)).toEqual(new Set([200]))
  })
})

test('U34: the first answer with a bearer is told to the chart once; calls cost nothing', async () => {
  const { session, pass } = await loggedIn({ fetch: api().fetch })
  await pass(SECOND)
  const heard = sentTo(session)
  for (let n = 0; n < 100; n++) await session.fetch('/api')
  expect(heard.mock.calls.map(([{ type }]) => type)).toEqual(['bearer.accepted'])
})

test.each([
  'Bearer error="insufficient_user_authentication", acr_values="urn:mfa"',
  'DPoP algs="ES256", Bearer error=insufficient_user_authentication, max_age=300',
])(
  'U34: a 401 that asks for a stronger login refreshes nothing, and is told (RFC 9470): %s',
  async (challenge) => {
    const calls = stubApi(() => no({ 'www-authenticate': challenge }))
    const { session, strategy, pass, told } = await loggedIn({ fetch: calls.fetch })
    await pass(6 * MINUTE)
    const answer = await session.fetch('/api')
    expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, challenge])
    expect(calls.calls).toHaveLength(1)
    expect(strategy.attempts).toEqual([])
    await flush()
    expect(told('stepUpRequired')).toEqual([{ type: 'stepUpRequired', epoch: 1, version: 1 }])
    expect(session.getSnapshot()).toMatchObject({ state: 'active', isUsable: true })
  },
)

test('U34: a session that nothing can renew survives the 401 of one route, and ends where no other answers', async () => {
  let isRevoked = false
  const { session, pass } = await loggedIn({ fetch: api(() => !isRevoked).fetch }, {
    refreshToken: undefined,
  } as never)
  await pass(SECOND)
  expect((await session.fetch('/api')).status).toBe(200)
  for (let n = 0; n < 5; n++) {
    await session.fetch('/bad').catch(() => {})
    expect((await session.fetch('/api')).status).toBe(200)
    expect(session.getSnapshot().isAuthenticated).toBe(true)
  }
  isRevoked = true
  await session.fetch('/api').catch(() => {})
  await session.fetch('/api').catch(() => {})
  expect(session.getSnapshot()).toMatchObject({ state: 'expired', reason: 'notRefreshable' })
})
