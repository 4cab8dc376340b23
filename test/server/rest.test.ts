import { expect, test } from 'vitest'
import { inProcessCoordinator } from '../../src/coordination/inProcess.ts'
import { memoryServerStore } from '../../src/stores/memoryServerStore.ts'
import { world } from './world.ts'

const USERS = '/api/admin/users'
const LIFE_MS = 900_000
const LIMITED = { kind: 'respond', status: 429, headers: { 'retry-after': '120' } } as const
/** Nothing of the backend's process was reached: no token is in doubt. */
const DOWN = { kind: 'respond', status: 503 } as const

/** A page with an OpenID session, at servers that share a store, and what the servers ask and keep. */
async function situation() {
  const { backend, clock, serve, pass, sends } = await world()
  const store = memoryServerStore({ clock })
  let asked = 0
  let timers = 0
  const counting = {
    ...clock,
    setTimer(...[call, ...rest]: Parameters<typeof clock.setTimer>) {
      timers++
      let isOpen = true
      const close = () => {
        if (isOpen) timers--
        isOpen = false
      }
      const disarm = clock.setTimer(
        () => {
          close()
          call()
        },
        ...rest,
      )
      return () => {
        close()
        disarm()
      }
    },
  }
  function server() {
    const inner = inProcessCoordinator({ clock })
    return serve({
      store,
      clock: counting,
      patienceMs: 400,
      rateLimit: false,
      idleTimeoutMs: 10 * LIFE_MS,
      coordinator: {
        run(flight) {
          asked++
          return inner.run(flight)
        },
        end: inner.end,
      },
    })
  }
  const { page, notices, open } = server()
  await page.navigate('/session/login/start')
  return {
    backend,
    page,
    pass,
    setClock: clock.set,
    sends,
    server,
    notices,
    open,
    /** How often a session wanted to send. */
    asked: () => asked,
    timers: () => timers,
    /** Time until the session is awake no more. */
    async settled() {
      await expect.poll(() => timers).toBe(0)
    },
  }
}

const answerOf = async (response: Response) => [response.status, (await response.json()) as unknown] as const

test.each([
  ['a limiter', LIMITED],
  ['a gateway', DOWN],
])(
  'U62: a session that %s turned away rests, and asks nothing before its next attempt is due',
  async (_, fault) => {
    const { backend, page, pass, sends, asked, settled } = await situation()
    pass(LIFE_MS)
    backend.faults.inject('openidRefresh', fault)
    const [status, body] = await answerOf(await page.get(USERS))
    expect([status, body]).toMatchObject([503, { error: 'refresh_unavailable' }])
    await settled()
    const before = [asked(), sends()]
    for (let n = 0; n < 5; n++) expect((await page.get(USERS)).status).toBe(503)
    expect([asked(), sends()]).toEqual(before)
    await settled()
    pass(150_000)
    expect((await page.get(USERS)).status).toBe(200)
  },
)

test('U62: another process knows from the record when the next attempt is due, and how many there were', async () => {
  const { backend, page, pass, asked, server, settled } = await situation()
  pass(LIFE_MS)
  backend.faults.inject('openidRefresh', LIMITED)
  const [, first] = await answerOf(await page.get(USERS))
  await settled()
  const other = server()
  for (const [name, value] of page.cookies) other.page.cookies.set(name, value)
  const before = asked()
  const [status, second] = await answerOf(await other.page.get(USERS))
  expect([status, asked()]).toEqual([503, before])
  const at = (body: unknown) => (body as { retryAt: number }).retryAt
  expect(Math.abs(at(second) - at(first))).toBeLessThan(1_000)
})

test('U62: a bearer that still lives is served meanwhile, without a look at anything', async () => {
  const { backend, page, pass, asked, settled } = await situation()
  pass(LIFE_MS - 20_000)
  backend.faults.inject('openidRefresh', LIMITED)
  expect((await page.get(USERS)).status).toBe(200)
  await expect.poll(asked).toBe(1)
  await settled()
  for (let n = 0; n < 5; n++) expect((await page.get(USERS)).status).toBe(200)
  expect(asked()).toBe(1)
})

test('U62: the user’s own click does not wait for a backoff', async () => {
  const { backend, page, pass, sends, settled } = await situation()
  pass(LIFE_MS)
  backend.faults.inject('openidRefresh', DOWN)
  expect((await page.get(USERS)).status).toBe(503)
  await settled()
  pass(5_100)
  const before = sends()
  const clicked = await page.post('/session/refresh', undefined, { headers: { 'x-user-activity': '1' } })
  expect([clicked.status, sends() - before]).toEqual([200, 1])
})

test('U62: after the clock was set back nobody waits for longer than before', async () => {
  const { backend, page, pass, setClock, settled } = await situation()
  pass(LIFE_MS + 700_000)
  backend.faults.inject('openidRefresh', LIMITED)
  expect((await page.get(USERS)).status).toBe(503)
  await settled()
  setClock(-600_000)
  expect((await page.get(USERS)).status).toBe(503)
  await settled()
  pass(150_000)
  expect((await page.get(USERS)).status).toBe(200)
})

test('U62: a session that succeeds again keeps nothing of its backoff', async () => {
  const { backend, page, pass, asked, settled } = await situation()
  pass(LIFE_MS)
  backend.faults.inject('openidRefresh', LIMITED)
  await page.get(USERS)
  await settled()
  pass(150_000)
  expect((await page.get(USERS)).status).toBe(200)
  await settled()
  pass(LIFE_MS - 31_000)
  const before = asked()
  expect((await page.get(USERS)).status).toBe(200)
  expect(asked()).toBe(before)
  pass(10_000)
  expect((await page.get(USERS)).status).toBe(200)
  expect(asked()).toBe(before + 1)
})

test('U61: whoever observes is not told of each session that waits', async () => {
  const { backend, page, pass, notices, open, settled } = await situation()
  const others = await Promise.all(
    Array.from({ length: 20 }, async () => {
      const other = open()
      await other.navigate('/session/login/start')
      return other
    }),
  )
  pass(LIFE_MS)
  backend.faults.inject('openidRefresh', LIMITED)
  expect((await page.get(USERS)).status).toBe(503)
  await settled()
  notices.length = 0
  for (const other of [...others, ...others]) expect((await other.get(USERS)).status).toBe(503)
  await settled()
  // Each of them hears once that its bearer ends.
  const told = notices.map(({ type }) => type).filter((type) => type !== 'nearingExpiry')
  expect(told.every((type) => type === 'refreshesPaced')).toBe(true)
})

test('U61: the coordinator that a server has by itself keeps the pace, too', async () => {
  const { backend, clock, serve, pass, sends } = await world()
  const { open } = serve({ clock, patienceMs: 400, rateLimit: false })
  const pages = await Promise.all(
    Array.from({ length: 10 }, async () => {
      const page = open()
      await page.navigate('/session/login/start')
      return page
    }),
  )
  pass(LIFE_MS)
  backend.faults.inject('openidRefresh', LIMITED, { times: 10 })
  for (const page of pages) expect((await page.get(USERS)).status).toBe(503)
  expect(sends()).toBe(1)
})
