import { expect, test } from 'vitest'
import { memoryEntries, type SessionServerOptions } from 'xstate-session/server'
import { createPace, type LoginTurn, type PaceOptions } from '../../src/server/pace.ts'
import { fakeClock } from '../fakeClock.ts'
import { onPort } from './onPort.ts'
import { world } from './world.ts'

const MINUTE = 60_000
const USERS = '/api/admin/users'
const LIMIT = { max: 7, windowMs: 5 * MINUTE, reservedForLogins: 2 }

const times = <T>(count: number, call: () => T): T[] => Array.from({ length: count }, () => call())
const isTurn = (turn: LoginTurn | number): turn is LoginTurn => typeof turn !== 'number'
const headers = (limit?: string) => new Headers(limit === undefined ? {} : { 'x-ratelimit-limit': limit })

/** A pace that a backend with this limit has answered once, a window ago. */
function heard(limit: string | undefined, options: PaceOptions = {}) {
  const clock = fakeClock()
  const pace = createPace(options, clock)
  const turn = pace.login()
  if (isTurn(turn)) turn.answered(401, headers(limit))
  clock.advance(5 * MINUTE)
  return pace
}

test('refreshes leave to logins what is theirs, and wait for as long as the window says', () => {
  const clock = fakeClock()
  const pace = createPace(LIMIT, clock)
  expect(times(5, pace.refresh)).toEqual([0, 0, 0, 0, 0])
  clock.advance(MINUTE)
  expect(pace.refresh()).toBe(4 * MINUTE)
  clock.advance(4 * MINUTE)
  expect(pace.refresh()).toBe(0)
})

test('U5: logins leave to refreshes what is theirs, and wait for as long as the window says', () => {
  const clock = fakeClock()
  const pace = createPace(LIMIT, clock)
  expect(times(2, pace.login).every(isTurn)).toBe(true)
  clock.advance(MINUTE)
  expect(times(1_000, pace.login)).toEqual(Array(1_000).fill(4 * MINUTE))
  expect(times(5, pace.refresh)).toEqual([0, 0, 0, 0, 0])
  clock.advance(4 * MINUTE)
  expect(isTurn(pace.login())).toBe(true)
})

test('U5: a login that succeeded is no stranger’s; all together stay within the limit', () => {
  const pace = createPace(LIMIT, fakeClock())
  const turns = times(8, () => {
    const turn = pace.login()
    if (isTurn(turn)) turn.succeeded()
    return turn
  })
  expect(turns.map(isTurn)).toEqual([true, true, true, true, true, true, true, false])
  expect(pace.refresh()).toBe(5 * MINUTE)
})

test('U5: so is one by its second factor; one that the backend never saw takes nothing', () => {
  const pace = createPace(LIMIT, fakeClock())
  for (let n = 0; n < 4; n++) {
    expect(isTurn(pace.login())).toBe(true)
    pace.passed()
  }
  for (let n = 0; n < 100; n++) {
    const turn = pace.login()
    if (!isTurn(turn)) throw new Error('It was held.')
    turn.unanswered()
    turn.unanswered()
  }
  expect(pace.refresh()).toBe(0)
})

test('U5: what the backend says of its limiter counts, unless the operator has said it', () => {
  expect(times(31, heard('70').login).filter(isTurn)).toHaveLength(20)
  expect(times(51, heard('70').refresh).filter((ms) => ms === 0)).toHaveLength(50)
  for (const odd of ['7, 100', '0', '-1', '1.5', 'many', ''])
    expect(times(7, heard(odd, { windowMs: 5 * MINUTE }).login).filter(isTurn)).toHaveLength(2)
  expect(times(3, heard('70', { max: 3 }).refresh)).toEqual([0, 0, 5 * MINUTE])
})

test('U5: a backend that shows no limiter holds no login, until it says 429', () => {
  const pace = heard(undefined)
  expect(times(100, pace.login).every(isTurn)).toBe(true)
  const turn = pace.login()
  if (isTurn(turn)) turn.answered(429, headers())
  expect(times(7, pace.login).filter(isTurn)).toHaveLength(2)
  // Whoever gives numbers has said that there is one.
  expect(times(7, heard(undefined, { windowMs: 5 * MINUTE }).login).filter(isTurn)).toHaveLength(2)
})

test.each([[{ max: 0 }], [{ windowMs: Number.NaN }], [{ reservedForLogins: -1 }]])(
  '%j is no pace',
  async (pace) => {
    const { serve } = await world()
    expect(() => serve({ pace })).toThrow('Option "pace.')
  },
)

/** Sessions of `count` browsers, each a window of the limiter after the one before, at a backend that limits. */
async function sessions(count: number, options: Partial<SessionServerOptions> = {}, max = 7) {
  const all = await world({ knobs: { limiter: { enabled: true, max } } })
  const served = all.serve({ idleTimeoutMs: 600 * MINUTE, ...options })
  const pages = times(count, served.open)
  for (const page of pages) {
    all.pass(6 * MINUTE)
    await page.navigate('/session/openid/start')
  }
  all.pass(16 * MINUTE)
  const limited = () => all.backend.log.requests.filter(({ status }) => status === 429)
  return { ...all, ...served, pages, limited }
}

type Page = Awaited<ReturnType<typeof sessions>>['page']

const wrong = { email: 'x@example.com', password: 'x' }
const password = (stranger: Page) => stranger.post('/session/login', wrong)
const code = async (stranger: Page) => {
  await stranger.post('/session/openid/start', {})
  return stranger.get(`/auth/openid/callback?code=${'a'.repeat(64)}`, {
    headers: { 'sec-fetch-mode': 'navigate' },
  })
}

test.each([
  ['a password', password],
  ['a code', code],
])(
  'U5: strangers who try %s, one after the other or all at once, take nothing of the refreshes’ part',
  async (_, attempt) => {
    // The backend counts logins and refreshes for this server alike, seven in all.
    const { pages, open, sends, limited } = await sessions(5)
    const stranger = open()
    for (let n = 0; n < 30; n++) await attempt(stranger)
    await Promise.all(times(30, () => attempt(open())))
    for (const page of pages) expect((await page.get(USERS)).status).toBe(200)
    expect(sends()).toBe(5)
    expect(limited()).toEqual([])
  },
)

test.each([[password], [code]])(
  'U5: nor right after a start, when nothing is known of the backend',
  async (attempt) => {
    const all = await world({ knobs: { limiter: { enabled: true } } })
    const store = memoryEntries({ clock: all.clock })
    const { page } = all.serve({ store })
    await page.navigate('/session/openid/start')
    all.pass(16 * MINUTE)
    const { open } = all.serve({ store })
    const again = open()
    for (const [name, value] of page.cookies) again.cookies.set(name, value)
    await Promise.all(times(12, () => attempt(open())))
    expect((await again.get(USERS)).status).toBe(200)
  },
)

test('U5: a login for which nothing is left is told when it may be tried again, and the backend is not asked', async () => {
  const { backend, open, notices, limited } = await sessions(1)
  const stranger = open()
  const answers: Response[] = []
  for (let n = 0; n < 4; n++) answers.push(await password(stranger))
  expect(answers.map(({ status }) => status)).toEqual([401, 401, 429, 429])
  expect(Number(answers[3]?.headers.get('retry-after'))).toBeGreaterThan(200)
  expect(notices.at(-1)).toEqual({ type: 'loginRefused', status: 429, code: 'rate_limited' })
  expect(backend.log.requests.filter(({ path }) => path === '/api/admin/login/local')).toHaveLength(2)
  expect(limited()).toEqual([])
})

test('U5: a limiter that is raised at the backend is not lowered here', async () => {
  const { pages, open } = await sessions(1, {}, 1_000)
  for (let n = 0; n < 50; n++) expect((await password(open())).status).toBe(401)
  expect((await pages[0]?.get(USERS))?.status).toBe(200)
})

test('U5: a backend without a limiter holds nobody', async () => {
  const { serve } = await world()
  const { open } = serve()
  for (let n = 0; n < 30; n++) expect((await password(open())).status).toBe(401)
})

test('U5: logins that the backend counts for their visitors are not held here', async () => {
  const { pages, open, sends } = await sessions(1, { forwardClientIp: () => '198.51.100.7' })
  // Of them this backend, which trusts nobody, counts all for one address: so few.
  for (let n = 0; n < 5; n++) expect((await password(open())).status).toBe(401)
  expect((await pages[0]?.get(USERS))?.status).toBe(200)
  expect(sends()).toBe(1)
})

test('U5: a backend that is away takes nothing of anybody', async () => {
  const { url } = await onPort((_, outgoing) =>
    outgoing.writeHead(502, { 'content-type': 'text/html' }).end(),
  )
  const { serve } = await world()
  const { open } = serve({ baseUrl: url })
  for (let n = 0; n < 10; n++) expect((await password(open())).status).toBe(503)
})
