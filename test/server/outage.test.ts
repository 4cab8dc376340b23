import { describe, expect, test } from 'vitest'
import type { GatewayMode } from '../../examples/backend/gateway.ts'
import { gatewayAnswers } from '../../src/testing/gatewayAnswers.ts'
import { world } from './world.ts'

const USERS = '/api/admin/users'
const MINUTE = 60_000
const outages: readonly GatewayMode[] = [...(Object.keys(gatewayAnswers) as GatewayMode[]), 'gone']

/** An admin at work behind a server, and the gateway between that server and the backend. */
async function atWork(provider: 'password' | 'openid') {
  const { serve, pass, backend } = await world()
  const { page, notices } = serve({ patienceMs: 25, rateLimit: false, idleTimeoutMs: 600 * MINUTE })
  const login = { email: 'ada@local.example', password: 'demo-password' }
  if (provider === 'openid') await page.navigate('/session/login/start')
  else await page.post('/session/login', login)
  expect((await page.get(USERS)).status).toBe(200)
  return {
    page,
    backend,
    pass,
    /** Calls every half minute, like a panel that polls. What the calls got: statuses, and the server's own word. */
    async work(ms: number) {
      const answers = new Set<number | 'no_session'>()
      for (let left = ms; left > 0; left -= MINUTE / 2) {
        pass(MINUTE / 2)
        const answer = await page.get(USERS)
        answers.add((await answer.text()).includes('no_session') ? 'no_session' : answer.status)
      }
      return answers
    },
    unverified: () => notices.filter(({ type }) => type === 'notVerified').length,
    ends: () => notices.filter(({ type }) => type === 'ended' || type === 'expired'),
  }
}

describe.each(['password', 'openid'] as const)('logged in by %s', (provider) => {
  test.each(outages)(
    'U60: %s for forty minutes ends no session, and it is served again afterwards',
    async (outage) => {
      const { backend, work, ends } = await atWork(provider)
      await backend.gateway.set(outage)
      const meanwhile = await work(40 * MINUTE)
      expect(meanwhile).not.toContain('no_session')
      expect(ends()).toEqual([])
      await backend.gateway.set('open')
      await work(7 * MINUTE)
      expect(await work(MINUTE)).toEqual(new Set([200]))
      expect(ends()).toEqual([])
    },
  )

  test('U60: three answers of a gateway are no answer: what the backend then says counts for itself', async () => {
    const { backend, work, ends } = await atWork(provider)
    await backend.gateway.set('badGateway')
    await work(20 * MINUTE)
    await backend.gateway.set('open')
    const route = provider === 'openid' ? 'openidRefresh' : 'cookieRefresh'
    const failed =
      provider === 'openid'
        ? {
            status: 401,
            headers: { 'content-type': 'application/json' },
            body: '{"error":"x","error_code":"REFRESH_FAILED"}',
          }
        : { status: 403, headers: { 'content-type': 'text/html' }, body: 'Invalid refresh token' }
    backend.faults.inject(route, { kind: 'respond', ...failed }, { times: 3 })
    await work(25 * MINUTE)
    expect(ends()).toEqual([])
    expect(await work(MINUTE)).toEqual(new Set([200]))
  })
})

test.each(outages)('U60: %s at a verification neither ends a session nor vouches for it', async (outage) => {
  const { page, backend, ends, pass, unverified } = await atWork('password')
  await backend.gateway.set(outage)
  for (let n = 0; n < 3; n++) {
    pass(2 * MINUTE)
    const answer = await page.get('/session/verify')
    expect([answer.status, ((await answer.json()) as { unverified?: string }).unverified]).toEqual([
      200,
      expect.stringMatching(/refused|unavailable/),
    ])
  }
  expect(unverified()).toBe(3)
  expect(ends()).toEqual([])
})

test('U60: a server that has no gateway in front may take every 404 for the backend’s', async () => {
  const { serve, pass, backend } = await world()
  const { page } = serve({ patienceMs: 25, trust404: true })
  await page.navigate('/session/login/start')
  await backend.gateway.set('noRouter')
  pass(20 * MINUTE)
  await expect.poll(async () => (await page.get(USERS)).status).toBe(401)
})

test('U60: a server that trusts the 503 of its gateway sends again while the bearer is good', async () => {
  for (const trust503 of [false, true]) {
    const { serve, pass, backend } = await world()
    const { page } = serve({ patienceMs: 25, rateLimit: false, trust503 })
    await page.navigate('/session/login/start')
    pass(14.6 * MINUTE)
    await backend.gateway.set('unavailable')
    await page.get(USERS)
    const { turnedAway } = backend.gateway
    const before = turnedAway.length
    for (let n = 0; n < 20; n++) {
      pass(1_000)
      await page.post('/session/refresh')
    }
    const sends = turnedAway.length - before
    if (trust503) expect(sends).toBeGreaterThan(0)
    else expect(sends).toBe(0)
  }
})
