import { expect, test } from 'vitest'
import { memoryServerStore, type SessionServerOptions } from 'xstate-session/server'
import {
  createBackendLimiter,
  type LoginTurn,
  type RateLimitOptions,
} from '../../../src/librechat/login/backendLimiter.ts'
import { fakeClock } from '../../fakeClock.ts'
import { onPort } from '../../server/onPort.ts'
import { world } from '../../server/world.ts'

const MINUTE = 60_000
const USERS = '/api/admin/users'
const LIMIT = { max: 7, windowMs: 5 * MINUTE, reservedForLogins: 2 }

const times = <T>(count: number, call: () => T): T[] => Array.from({ length: count }, () => call())
const headers = (limit?: string) => new Headers(limit === undefined ? {} : { 'x-ratelimit-limit': limit })

type BackendLimiter = ReturnType<typeof createBackendLimiter>

/** Logins one after the other, each ended by `end`; of those that were held how long they are. */
async function logins(count: number, limiter: BackendLimiter, end: (turn: LoginTurn) => void) {
  const held: number[] = []
  for (let n = 0; n < count; n++) {
    const turn = await limiter.login()
    if (typeof turn === 'number') held.push(turn)
    else end(turn)
  }
  return { sent: count - held.length, held }
}
const wrongs = (count: number, limiter: BackendLimiter, limit?: string) =>
  logins(count, limiter, (turn) => turn.answered(401, headers(limit)))

/** A limiter that a backend with this limit has answered once, a window ago. */
async function heard(limit: string | undefined, options: RateLimitOptions = {}) {
  const clock = fakeClock()
  const limiter = createBackendLimiter(options, clock)
  await wrongs(1, limiter, limit)
  clock.advance(5 * MINUTE)
  return limiter
}

test('refreshes leave to logins what is theirs, and wait for as long as the window says', () => {
  const clock = fakeClock()
  const limiter = createBackendLimiter(LIMIT, clock)
  expect(times(5, limiter.refresh)).toEqual([0, 0, 0, 0, 0])
  clock.advance(MINUTE)
  expect(limiter.refresh()).toBe(4 * MINUTE)
  clock.advance(4 * MINUTE)
  expect(limiter.refresh()).toBe(0)
})

test('U5: logins leave to refreshes what is theirs, and wait for as long as the window says', async () => {
  const clock = fakeClock()
  const limiter = createBackendLimiter(LIMIT, clock)
  expect((await wrongs(2, limiter)).sent).toBe(2)
  clock.advance(MINUTE)
  expect(await wrongs(1_000, limiter)).toEqual({ sent: 0, held: Array(1_000).fill(4 * MINUTE) })
  expect(times(5, limiter.refresh)).toEqual([0, 0, 0, 0, 0])
  clock.advance(4 * MINUTE)
  expect((await wrongs(1, limiter)).sent).toBe(1)
})

test('U5: a login that succeeded is no stranger’s; all together stay within the limit', async () => {
  const limiter = createBackendLimiter(LIMIT, fakeClock())
  expect((await logins(8, limiter, (turn) => turn.succeeded(headers()))).sent).toBe(7)
  expect(limiter.refresh()).toBe(5 * MINUTE)
})

test('U5: so is one by its second factor; one that the backend never saw takes nothing', async () => {
  const limiter = createBackendLimiter(LIMIT, fakeClock())
  for (let n = 0; n < 4; n++) {
    expect((await wrongs(1, limiter)).sent).toBe(1)
    limiter.passed()
  }
  expect((await logins(100, limiter, (turn) => turn.unanswered())).sent).toBe(100)
  expect(limiter.refresh()).toBe(0)
})

test('U5: what the backend says of its limiter counts, unless the operator has said it', async () => {
  expect((await wrongs(31, await heard('70'), '70')).sent).toBe(20)
  const { refresh } = await heard('70')
  expect(times(51, refresh).filter((ms) => ms === 0)).toHaveLength(50)
  // Two limiters, or one of another kind: that there is one is certain.
  for (const odd of ['7, 100', '0', '-1', '1.5', 'many', ''])
    expect((await wrongs(7, await heard(odd), odd)).sent).toBe(2)
  expect(times(3, (await heard('70', { max: 3 })).refresh)).toEqual([0, 0, 5 * MINUTE])
})

test('U5: a backend that shows no limiter holds no login, until it says 429', async () => {
  const limiter = await heard(undefined)
  expect((await wrongs(100, limiter)).sent).toBe(100)
  await logins(1, limiter, (turn) => turn.answered(429, headers()))
  expect((await wrongs(7, limiter)).sent).toBe(2)
  // Whoever gives numbers has said that there is one.
  expect((await wrongs(7, await heard(undefined, { windowMs: 5 * MINUTE }))).sent).toBe(2)
})

test('U5: logins that come at once wait for what becomes of each other', async () => {
  const limiter = createBackendLimiter({}, fakeClock())
  const all = times(20, limiter.login)
  const first = await Promise.all(all.slice(0, 2))
  let settled = 0
  for (const one of all.slice(2)) void one.then(() => settled++)
  await Promise.resolve()
  expect(settled).toBe(0)
  const [one] = first
  // It shows no limiter: nobody is held.
  if (typeof one === 'object') one.answered(401, headers())
  expect((await Promise.all(all)).filter((turn) => typeof turn === 'number')).toEqual([])
})

test('U5: and none waits where nothing is on its way', async () => {
  const limiter = createBackendLimiter(LIMIT, fakeClock())
  const all = times(20, async () => {
    const turn = await limiter.login()
    if (typeof turn === 'number') return turn
    await Promise.resolve()
    turn.answered(401, headers('7'))
    return 'sent'
  })
  const ended = await Promise.all(all)
  expect(ended.filter((end) => end === 'sent')).toHaveLength(2)
})

test.each([[{ max: 0 }], [{ windowMs: Number.NaN }], [{ reservedForLogins: -1 }]])(
  '%j is no limit',
  async (rateLimit) => {
    const { serve } = await world()
    expect(() => serve({ rateLimit })).toThrow('Option "rateLimit.')
  },
)

/** Sessions of `count` browsers, each a window of the limiter after the one before, at a backend that limits. */
async function sessions(count: number, options: Partial<SessionServerOptions> = {}, max = 7) {
  const all = await world({ knobs: { limiter: { enabled: true, max } } })
  const served = all.serve({ idleTimeoutMs: 600 * MINUTE, ...options })
  const pages = times(count, served.open)
  for (const page of pages) {
    all.pass(6 * MINUTE)
    await page.navigate('/session/login/start')
  }
  all.pass(16 * MINUTE)
  const limited = () => all.backend.log.requests.filter(({ status }) => status === 429)
  return { ...all, ...served, pages, limited }
}

type Page = Awaited<ReturnType<typeof sessions>>['page']

const wrong = { email: 'x@example.com', password: 'x' }
const password = (stranger: Page) => stranger.post('/session/login', wrong)
const code = async (stranger: Page) => {
  await stranger.post('/session/login/start', {})
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
    const store = memoryServerStore({ clock: all.clock })
    const { page } = all.serve({ store })
    await page.navigate('/session/login/start')
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

test('U5: a backend without a limiter holds nobody, not even those who come at once at the start', async () => {
  const { serve } = await world()
  const { open } = serve()
  const answers = await Promise.all(times(20, () => password(open())))
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401]))
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
