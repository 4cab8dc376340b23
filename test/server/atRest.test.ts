import { expect, test } from 'vitest'
import { createRecorder } from 'xstate-session/recorder'
import { memoryServerStore } from '../../src/stores/memoryServerStore.ts'
import type { LibrechatServerOptions } from './librechatServer.ts'
import { world } from './world.ts'

const USERS = '/api/admin/users'
const LIFE_MS = 900_000

/** What a server tells of a session, `more` given, while `happens`; and what it answers. */
async function story(
  more: Partial<LibrechatServerOptions>,
  happens: (at: Awaited<ReturnType<typeof situation>>) => Promise<number[]>,
) {
  const at = await situation(more)
  const answers = await happens(at)
  await expect.poll(() => at.notices.some(({ type }) => type === 'nearingExpiry')).toBe(true)
  const told = at.notices.map((notice) => {
    const { session, attemptId, epoch, ...rest } = notice as typeof notice & Record<string, unknown>
    return rest
  })
  return { answers, told, sends: at.sends() }
}

async function situation(more: Partial<LibrechatServerOptions>) {
  const here = await world()
  const inner = memoryServerStore({ clock: here.clock })
  /** How many writes succeed before the store fails. */
  const writes = { left: Infinity }
  const store: typeof inner = {
    ...inner,
    async compareAndSet(...write) {
      if (writes.left-- <= 0) throw new Error('The store is away.')
      return inner.compareAndSet(...write)
    },
  }
  const { page, notices } = here.serve({
    patienceMs: 300,
    rateLimit: false,
    random: () => 0.5,
    store,
    ...more,
  })
  await page.navigate('/session/login/start')
  notices.length = 0
  return { ...here, page, notices, writes }
}

const fault = { kind: 'respond', status: 429, headers: { 'retry-after': '120' } } as const

test.each<[string, (at: Awaited<ReturnType<typeof situation>>) => Promise<number[]>]>([
  [
    'a renewal',
    async ({ page, pass }) => {
      pass(LIFE_MS)
      return [(await page.get(USERS)).status, (await page.get(USERS)).status]
    },
  ],
  [
    'many callers at once, with a bearer that is still good',
    async ({ page, pass }) => {
      pass(LIFE_MS - 20_000)
      const all = await Promise.all(Array.from({ length: 5 }, () => page.get(USERS)))
      return all.map(({ status }) => status)
    },
  ],
  [
    'a limiter',
    async ({ backend, page, pass }) => {
      pass(LIFE_MS)
      backend.faults.inject('openidRefresh', fault)
      return [(await page.get(USERS)).status, (await page.get(USERS)).status]
    },
  ],
  [
    'a renewal that nobody can write down, which is in memory alone',
    async ({ page, pass, writes }) => {
      pass(LIFE_MS)
      writes.left = 1
      return [(await page.get(USERS)).status, (await page.get(USERS)).status]
    },
  ],
  [
    'an answer that proves nothing',
    async ({ backend, page, pass }) => {
      pass(LIFE_MS)
      backend.faults.inject('openidRefresh', { kind: 'respond', status: 500 })
      return [(await page.get(USERS)).status]
    },
  ],
  [
    'a provider that does not answer before those who wait are told, and then does',
    async ({ backend, page, pass }) => {
      pass(LIFE_MS)
      const held = backend.faults.inject('openidRefresh', { kind: 'hang', at: 'before' })
      const first = page.get(USERS)
      await expect.poll(() => held.hits).toBe(1)
      const clicked = page.post('/session/refresh', undefined, { headers: { 'x-user-activity': '1' } })
      const statuses = [(await first).status, (await clicked).status]
      held.clear()
      await expect.poll(async () => (await page.get(USERS)).status).toBe(200)
      return statuses
    },
  ],
  [
    'a logout meanwhile',
    async ({ backend, page, pass }) => {
      pass(LIFE_MS)
      const held = backend.faults.inject('openidRefresh', { kind: 'hang', at: 'before' })
      const first = page.get(USERS)
      await expect.poll(() => held.hits).toBe(1)
      const out = await page.post('/session/logout')
      const { status } = await first
      held.clear()
      return [out.status, status, (await page.get(USERS)).status]
    },
  ],
  [
    'the end of the grant',
    async ({ backend, page, pass }) => {
      pass(LIFE_MS)
      backend.faults.inject('openidRefresh', { kind: 'respond', status: 401 })
      return [(await page.get(USERS)).status, (await page.get(USERS)).status]
    },
  ],
  [
    'a renewal for another user',
    async ({ backend, page, pass }) => {
      pass(LIFE_MS)
      backend.faults.inject('openidRefresh', {
        kind: 'edit',
        async edit(answer) {
          const { user, ...rest } = (await answer.json()) as { user: object }
          return Response.json({ ...rest, user: { ...user, id: '650000000000000000000fff', _id: undefined } })
        },
      })
      return [(await page.get(USERS)).status, (await page.get(USERS)).status]
    },
  ],
  [
    'a backend without the route, while the bearer is good',
    async ({ backend, page, pass }) => {
      pass(LIFE_MS - 20_000)
      backend.faults.inject('openidRefresh', { kind: 'respond', status: 404 }, { times: Infinity })
      return [(await page.get(USERS)).status, (await page.get(USERS)).status]
    },
  ],
  [
    'a store that is away before anything is sent',
    async ({ page, pass, writes }) => {
      pass(LIFE_MS)
      writes.left = 0
      const { status } = await page.get(USERS)
      writes.left = Infinity
      return [status, (await page.get(USERS)).status]
    },
  ],
])('with a chart or without one, the same is answered, told and sent: %s', async (_, happens) => {
  const [without, withChart] = [
    await story({}, happens),
    await story({ recorder: createRecorder() }, happens),
  ]
  expect(without).toEqual(withChart)
})
