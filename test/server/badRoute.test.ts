import { expect, test } from 'vitest'
import { memoryServerStore } from 'xstate-session/server'
import { bothWays } from './bothWays.ts'
import { JSON_TYPE, panelBefore } from './onPort.ts'
import { movableClock } from './world.ts'

const SECOND = 1_000
const bearer = (n: number) => `e30.${btoa(JSON.stringify({ n, exp: 9e9 })).replaceAll('=', '')}.c2ln`

/** A panel on a socket, before a backend with one route that always answers 401. */
async function serving() {
  const moved = movableClock()
  const timers = new Set<object>()
  let armed = 0
  const clock = Object.assign({}, moved, {
    setTimer(...[fire, delayMs, kind]: Parameters<typeof moved.setTimer>) {
      const timer = {}
      timers.add(timer)
      armed++
      const end = () => timers.delete(timer)
      const disarm = moved.setTimer(() => void (end() && fire()), delayMs, kind)
      return () => void (end() && disarm())
    },
  })
  let refreshes = 0
  const backend = { limits: false, isDead: (_: string) => false }
  const all = await panelBefore(
    (incoming, outgoing) => {
      if (incoming.url === '/api/auth/refresh') {
        if (backend.limits) return outgoing.writeHead(429, { 'retry-after': '60' }).end()
        refreshes++
        outgoing.writeHead(200, { ...JSON_TYPE, 'set-cookie': `refreshToken=r${refreshes}; Path=/` })
        return outgoing.end(JSON.stringify({ token: bearer(refreshes), user: { id: 'u' } }))
      }
      const isBad =
        incoming.url === '/api/admin/bad' || backend.isDead(incoming.headers.authorization?.slice(7) ?? '')
      outgoing.writeHead(isBad ? 401 : 200, JSON_TYPE)
      return outgoing.end('{}')
    },
    { clock, store: memoryServerStore({ clock }), patienceMs: 50, idleTimeoutMs: Infinity },
  )
  const call = async (path: string) =>
    (await fetch(`${all.url}/api/admin/${path}`, { headers: { cookie: all.cookie } })).status
  /** Time until the session rests, and what it keeps running then. */
  const rested = () => expect.poll(() => timers.size).toBe(0)
  return { ...all, state: backend, clock, call, rested, refreshes: () => refreshes, armed: () => armed }
}

bothWays(() => {
  test.each([[true], [false]])('U34: polled every 2 s, healthy calls beside it: %s', async (isBeside) => {
    const { call, clock, refreshes } = await serving()
    const bad: number[] = []
    const good: number[] = []
    for (let n = 0; n < 150; n++) {
      bad.push(await call('bad'))
      clock.pass(SECOND)
      if (isBeside) good.push(await call('users'))
      clock.pass(SECOND)
    }
    expect(new Set(bad)).toEqual(new Set([401, 503]))
    expect(new Set(good)).toEqual(new Set(isBeside ? [200] : []))
    expect(refreshes()).toBeLessThanOrEqual(7)
  })

  test('U34: while no refresh succeeds, in the last seconds of a bearer, the other routes are served', async () => {
    const { call, clock, refreshes, state } = await serving()
    state.limits = true
    // As long as a bearer may live.
    clock.pass(24 * 3_600_000 - 20 * SECOND)
    expect(await call('users')).toBe(200)
    expect(await call('bad')).toBe(503)
    expect(await call('users')).toBe(200)
    expect(await call('bad')).toBe(503)
    expect(await call('users')).toBe(200)
    // The bearer is dead for all of them: that is told like to everybody, and when to come back.
    state.isDead = () => true
    expect([await call('users'), await call('users')]).toEqual([503, 503])
    expect(refreshes()).toBe(0)
    state.limits = false
    state.isDead = () => false
    clock.pass(120 * SECOND)
    expect(await call('users')).toBe(200)
    expect(refreshes()).toBe(1)
  })

  test('U62: a bearer that is refused keeps no session awake, with a renewal and without one', async () => {
    const { call, clock, refreshes, rested, state } = await serving()
    clock.pass(60 * SECOND)
    expect(await call('bad')).toBe(401)
    expect(refreshes()).toBe(1)
    await rested()
    state.limits = true
    clock.pass(60 * SECOND)
    expect(await call('bad')).toBe(503)
    await rested()
    // At rest it still knows: one route is refused, the others are served, and nobody is asked for a refresh too early.
    expect([await call('users'), await call('bad'), await call('users')]).toEqual([200, 503, 200])
    await rested()
    state.limits = false
    expect(await call('users')).toBe(200)
    expect(refreshes()).toBe(1)
    clock.pass(120 * SECOND)
    expect(await call('users')).toBe(200)
    expect(refreshes()).toBe(2)
    await rested()
  })

  test('U62: at rest, a call that is refused again wakes nothing, and does not wait for a look at the store', async () => {
    const { call, clock, rested, state, armed } = await serving()
    clock.pass(60 * SECOND)
    expect(await call('bad')).toBe(401)
    state.limits = true
    clock.pass(60 * SECOND)
    expect(await call('bad')).toBe(503)
    await rested()
    const armedBy = async (path: string) => {
      const before = armed()
      const status = await call(path)
      return { status, timers: armed() - before }
    }
    const served = await armedBy('users')
    expect(served.status).toBe(200)
    await rested()
    const refused = await armedBy('bad')
    expect(refused.status).toBe(503)
    expect(refused.timers).toBeLessThanOrEqual(served.timers)
  })

  test('U62: nor does one that is refused before it may be renewed', async () => {
    const { call, clock, refreshes, rested, state } = await serving()
    clock.pass(60 * SECOND)
    expect(await call('bad')).toBe(401)
    state.isDead = () => true
    expect(await call('users')).toBe(503)
    await rested()
    expect(await call('users')).toBe(503)
    expect(refreshes()).toBe(1)
    state.isDead = (bearer) => !bearer.includes(btoa('{"n":2').slice(0, 6))
    clock.pass(60 * SECOND)
    expect(await call('users')).toBe(200)
    expect(refreshes()).toBe(2)
    await rested()
  })

  test.each([
    ['Bearer error="insufficient_user_authentication", acr_values="urn:mfa"', true],
    ['DPoP algs="ES256", Bearer Error = insufficient_user_authentication', true],
    ['Bearer error="insufficient_scope", scope="admin"', true],
    // The browser would ask for a password, which nobody here wants.
    ['Basic realm="staff"', false],
    ['Bearer error="insufficient_user_authentication", Basic realm="staff"', false],
    ['Negotiate', false],
  ])('U34: what the API asks of the login reaches the page: %s', async (challenge, passes) => {
    let calls = 0
    const { url, cookie, notices } = await panelBefore((_, outgoing) => {
      calls++
      outgoing.writeHead(401, { ...JSON_TYPE, 'www-authenticate': challenge }).end('{}')
    })
    const answer = await fetch(`${url}/api/admin/users`, { headers: { cookie } })
    const isStepUp = /insufficient_user/.test(challenge)
    expect(answer.headers.get('www-authenticate')).toBe(passes ? challenge : null)
    expect(notices.filter(({ type }) => type === 'stepUpRequired')).toHaveLength(isStepUp ? 1 : 0)
    if (/insufficient/.test(challenge)) expect([answer.status, calls]).toEqual([401, 1])
  })
})
