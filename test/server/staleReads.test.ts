import { expect, test } from 'vitest'
import { memoryServerStore } from '../../src/stores/memoryServerStore.ts'
import type { ServerStore } from '../../src/stores/serverStore.ts'
import { world } from './world.ts'

const USERS = '/api/admin/users'
const LIFE_MS = 900_000

/** A page at two processes that share a store, which can be away. */
async function situation(staleIfErrorMs?: number) {
  const { backend, clock, serve, pass, sends } = await world()
  const inner = memoryServerStore({ clock })
  let isAway = false
  let slow: Promise<void> | undefined
  const here = <T>(call: () => Promise<T>) => (isAway ? Promise.reject(new Error('away')) : call())
  const store: ServerStore = {
    async read(key) {
      const entry = await here(() => inner.read(key))
      await slow
      return entry
    },
    compareAndSet: (key, expected, next) => here(() => inner.compareAndSet(key, expected, next)),
    keysOf: (tag) => here(() => inner.keysOf(tag)),
  }
  const options = { store, ...(staleIfErrorMs !== undefined && { staleIfErrorMs }) }
  const { page, open } = serve(options)
  const other = serve(options)
  await page.navigate('/session/login/start')
  await page.login()
  expect((await page.get(USERS)).status).toBe(200)
  return {
    backend,
    page,
    open,
    other,
    pass,
    sends,
    away(value: boolean) {
      isAway = value
    },
    /** What the store says from now on arrives later; until the answer is called. */
    delay() {
      const { promise, resolve } = Promise.withResolvers<void>()
      slow = promise
      return {
        othersAreFast: () => {
          slow = undefined
        },
        arrives: resolve,
      }
    },
  }
}

test('U68: without the option nobody is served while the store is away', async () => {
  const { page, away } = await situation()
  away(true)
  expect((await page.get(USERS)).status).toBe(503)
  away(false)
  expect((await page.get(USERS)).status).toBe(200)
})

test('U68: with it reads go on for a minute with a good bearer, and writes do not', async () => {
  const { page, pass, away } = await situation(60_000)
  away(true)
  pass(59_000)
  expect((await page.get(USERS)).status).toBe(200)
  expect((await page.post('/api/admin/echo', {})).status).toBe(503)
  expect((await page.post('/session/refresh')).status).toBe(503)
  expect((await page.get('/session/')).status).toBe(503)
  pass(1_001)
  expect((await page.get(USERS)).status).toBe(503)
})

test('U68: who was never read here is not served, nor under a cookie of somebody else’s', async () => {
  const { page, other, open, away } = await situation(60_000)
  for (const [name, value] of page.cookies) other.page.cookies.set(name, value)
  away(true)
  expect((await other.page.get(USERS)).status).toBe(503)
  expect((await open().get(USERS)).status).toBe(401)
})

test('U68: never after an end that was seen here, written or not', async () => {
  const { page, open, away } = await situation(60_000)
  const copy = open()
  for (const [name, value] of page.cookies) copy.cookies.set(name, value)
  away(true)
  expect((await page.post('/session/logout')).status).toBe(503)
  expect((await copy.get(USERS)).status).toBe(401)
  away(false)
  await expect.poll(async () => (await copy.get(USERS)).status).toBe(401)
  away(true)
  expect((await copy.get(USERS)).status).not.toBe(200)
})

test('U68: nor where a slow read tells later what was before that end', async () => {
  const { page, open, away, delay } = await situation(60_000)
  const copy = open()
  for (const [name, value] of page.cookies) copy.cookies.set(name, value)
  const { arrives, othersAreFast } = delay()
  const reading = copy.get(USERS)
  await new Promise(setImmediate)
  othersAreFast()
  expect((await page.post('/session/logout')).status).toBe(200)
  arrives()
  await reading
  away(true)
  for (const [name, value] of page.cookies) copy.cookies.set(name, value)
  expect((await copy.get(USERS)).status).not.toBe(200)
})

test('U68: nor after an end in another process that was seen here', async () => {
  const { page, other, open, away } = await situation(60_000)
  const copy = open()
  for (const [name, value] of page.cookies) {
    copy.cookies.set(name, value)
    other.page.cookies.set(name, value)
  }
  expect((await other.page.post('/session/logout')).status).toBe(200)
  expect((await copy.get(USERS)).status).toBe(401)
  for (const [name, value] of page.cookies) copy.cookies.set(name, value)
  away(true)
  expect((await copy.get(USERS)).status).toBe(503)
})

test('U68: an ended bearer is served to nobody, and nothing is sent for it', async () => {
  const { page, pass, sends, away } = await situation(60_000)
  pass(LIFE_MS - 40_000)
  expect((await page.get(USERS)).status).toBe(200)
  away(true)
  pass(20_000)
  expect((await page.get(USERS)).status).toBe(200)
  pass(20_500)
  const answer = await page.get(USERS)
  expect([answer.status, await answer.json()]).toMatchObject([503, { error: 'refresh_unavailable' }])
  expect(sends()).toBe(0)
})

test('U68: a bearer that the backend refuses is told as one that cannot be renewed now', async () => {
  const { page, backend, away } = await situation(60_000)
  backend.operator.invalidateBearers()
  away(true)
  const answer = await page.get(USERS)
  expect([answer.status, await answer.json()]).toMatchObject([503, { error: 'refresh_unavailable' }])
})

test.each([-1, 60_001, Number.NaN])('U68: a limit of %s is refused', async (staleIfErrorMs) => {
  const { serve } = await world()
  expect(() => serve({ staleIfErrorMs })).toThrow('"staleIfErrorMs"')
})
