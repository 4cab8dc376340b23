import fc from 'fast-check'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { memoryServerStore, type ServerStore } from 'xstate-session/server'
import type { Clock } from '../../src/base/clock.ts'
import { createEntries, OthersRecord } from '../../src/server/entries.ts'
import { createKeyring } from '../../src/server/keyring.ts'
import { readServerOptions } from '../../src/server/readServerOptions.ts'
import { PANEL, SECRET, world } from './world.ts'

const MINUTE = 60_000
const USERS = '/api/admin/users'

/** A store that a test can make fail. */
function troubled(inner: ServerStore = memoryServerStore()) {
  const state = { failWrites: false, failAfter: Infinity, writes: 0, reads: 0, failNextAnswers: 0 }
  const store: ServerStore = {
    async read(key) {
      state.reads++
      return inner.read(key)
    },
    async compareAndSet(key, expected, next) {
      if (state.failWrites || state.writes >= state.failAfter) throw new Error('full')
      state.writes++
      const revision = await inner.compareAndSet(key, expected, next)
      if (state.failNextAnswers > 0) {
        state.failNextAnswers--
        throw new Error('The answer was lost.')
      }
      return revision
    },
    keysOf: inner.keysOf,
  }
  return Object.assign(state, { store, inner })
}

describe('what a cookie says', () => {
  test('X19: a session id is looked up by its MAC and compared by nobody; cut at any length it is none', async () => {
    const { serve } = await world()
    const inner = memoryServerStore()
    const read: string[] = []
    const store: ServerStore = {
      ...inner,
      read(key) {
        read.push(key)
        return inner.read(key)
      },
    }
    const { page } = serve({ store })
    await page.navigate('/session/login/start')
    expect(page.cookies.size).toBe(1)
    const [[name, value] = ['', '']] = page.cookies
    expect((await page.get('/session/')).status).toBe(200)
    for (let length = 0; length <= value.length + 1; length++) {
      if (length === value.length) continue
      page.cookies.set(name, `${value}x`.slice(0, length))
      expect((await page.get('/session/')).status).toBe(401)
    }
    expect(read.length).toBeGreaterThan(0)
    expect(read.filter((key) => key.includes(value.slice(-16)))).toEqual([])
  })
})

describe('who listens', () => {
  test('an `observe` that throws breaks nothing', async () => {
    const { serve } = await world()
    const told = vi.spyOn(console, 'error').mockImplementation(() => {})
    onTestFinished(() => told.mockRestore())
    const broken = new Error('The listener is broken.')
    const { page } = serve({
      observe: () => {
        throw broken
      },
    })
    await page.navigate('/session/login/start')
    expect((await page.get(USERS)).status).toBe(200)
    expect(told).toHaveBeenCalledWith(broken)
  })
})

describe('the store', () => {
  test('S2, I4: what cannot be written down is not sent, and nobody is logged out', async () => {
    const { serve, pass, sends } = await world()
    const trouble = troubled()
    const { page, notices } = serve({ store: trouble.store, patienceMs: 50 })
    await page.navigate('/session/login/start')
    pass(20 * MINUTE)
    trouble.failWrites = true
    expect((await page.get(USERS)).status).toBe(503)
    expect(sends()).toBe(0)
    expect(notices).toContainEqual({ type: 'storeFailed', doing: 'write' })
    trouble.failWrites = false
    await expect.poll(async () => (await page.get(USERS)).status).toBe(200)
    expect(sends()).toBe(1)
  })

  test('S2, I1: a renewal that cannot be stored at once is stored later, and its token is not spent again', async () => {
    const { serve, pass, sends } = await world()
    const trouble = troubled()
    const { page } = serve({ store: trouble.store, idleTimeoutMs: 120 * MINUTE })
    await page.navigate('/session/login/start')
    pass(20 * MINUTE)
    // The intent is written; the renewal is not.
    const before = trouble.writes
    trouble.failAfter = before + 1
    expect((await page.get(USERS)).status).toBe(200)
    expect(trouble.writes).toBe(before + 1)
    trouble.failAfter = Infinity
    await expect.poll(() => trouble.writes).toBe(before + 2)
    // Longer than anybody remembers an answer.
    pass(20 * MINUTE)
    expect((await page.get(USERS)).status).toBe(200)
    expect(sends()).toBe(2)
    expect(await (await page.get('/session/')).json()).toMatchObject({ version: 3 })
  })

  test('I6: a logout that cannot be stored is not confirmed, holds in its process, and is stored later', async () => {
    const { serve } = await world()
    const trouble = troubled()
    const [one, two] = [serve({ store: trouble.store }), serve({ store: trouble.store })]
    await one.page.navigate('/session/login/start')
    const copy = one.open()
    for (const [name, value] of one.page.cookies) {
      copy.cookies.set(name, value)
      two.page.cookies.set(name, value)
    }
    trouble.failWrites = true
    expect((await one.page.post('/session/logout')).status).toBe(503)
    expect(one.page.cookies.size).toBe(0)
    expect((await copy.get('/session/')).status).toBe(401)
    expect((await two.page.get('/session/')).status).toBe(200)
    trouble.failWrites = false
    await expect.poll(async () => (await two.page.get('/session/')).status).toBe(401)
  })

  test('I6: it is stored however long the store was down', async () => {
    const { serve, clock } = await world()
    const trouble = troubled()
    // Pauses of seconds pass as milliseconds.
    const setTimer: Clock['setTimer'] = (run, ms, keeps) =>
      clock.setTimer(run, keeps === 'background' ? ms / 1_000 : ms, keeps)
    const one = serve({ store: trouble.store, clock: { ...clock, setTimer } })
    const two = serve({ store: trouble.store })
    await one.page.navigate('/session/login/start')
    for (const [name, value] of one.page.cookies) two.page.cookies.set(name, value)
    trouble.failWrites = true
    expect((await one.page.post('/session/logout')).status).toBe(503)
    const before = trouble.reads
    await expect.poll(() => trouble.reads - before).toBeGreaterThan(40)
    trouble.failWrites = false
    await expect.poll(async () => (await two.page.get('/session/')).status).toBe(401)
  })

  test('I1: a record that is gone is not renewed from memory: what was not written down is not sent', async () => {
    const { serve, pass, backend, sends } = await world()
    let inner = memoryServerStore()
    const { page, notices } = serve({
      store: {
        read: (key) => inner.read(key),
        compareAndSet: (key, expected, next) => inner.compareAndSet(key, expected, next),
        keysOf: (tag) => inner.keysOf(tag),
      },
      patienceMs: 30_000,
    })
    await page.navigate('/session/login/start')
    pass(20 * MINUTE)
    backend.faults.inject('openidRefresh', { kind: 'respond', status: 408 })
    // The session is awake for as long as this call waits, which asks again as soon as another send is due.
    page.get(USERS).catch(() => {})
    await expect.poll(sends).toBe(1)
    inner = memoryServerStore()
    const deferred = () => notices.filter(({ type }) => type === 'refreshDeferred').length
    await expect.poll(deferred).toBe(2)
    expect(sends()).toBe(1)
  })

  test('S3: a write whose acknowledgement is lost is found again, and done once', async () => {
    const { serve, pass, sends } = await world()
    const trouble = troubled()
    const { page } = serve({ store: trouble.store })
    await page.navigate('/session/login/start')
    pass(20 * MINUTE)
    trouble.failNextAnswers = 2
    expect((await page.get(USERS)).status).toBe(200)
    expect(await (await page.get('/session/')).json()).toMatchObject({ version: 2 })
    expect(sends()).toBe(1)
  })

  test('S11: the record of another session is no session, and is told of', async () => {
    const { serve } = await world()
    const inner = memoryServerStore()
    const keys: string[] = []
    let swap = false
    const store: ServerStore = {
      ...inner,
      read: (key) => inner.read(swap ? (keys.find((other) => other !== key) ?? key) : key),
      compareAndSet(key, expected, next) {
        keys.push(key)
        return inner.compareAndSet(key, expected, next)
      },
    }
    const { page, open, notices } = serve({ store })
    const other = open()
    await page.navigate('/session/login/start')
    await other.navigate('/session/login/start')
    swap = true
    expect((await page.get('/session/')).status).toBe(401)
    expect(notices).toContainEqual(expect.objectContaining({ type: 'turnedAway', code: 'seal' }))
  })

  test('S12: an entry lives as long as its session may, and no longer than it must', async () => {
    const { serve, clock } = await world()
    const ends: number[] = []
    const inner = memoryServerStore()
    const store: ServerStore = {
      ...inner,
      compareAndSet(key, expected, next) {
        ends.push(next.expiresAt - clock.wall())
        return inner.compareAndSet(key, expected, next)
      },
    }
    const { page } = serve({ store, idleTimeoutMs: 30 * MINUTE, absoluteLifetimeMs: 24 * 60 * MINUTE })
    await page.navigate('/session/login/start')
    expect(ends[0]).toBeGreaterThanOrEqual(30 * MINUTE)
    expect(ends[0]).toBeLessThanOrEqual(45 * MINUTE)
    await page.post('/session/logout')
    // Longer than an attempt that was under way may last.
    expect(ends.at(-1)).toBeGreaterThan(60_000)
  })

  test('S6, S16: what another release wrote is no session here, and is left as it is', async () => {
    const store = memoryServerStore()
    const keyring = createKeyring([SECRET])
    const settings = readServerOptions({
      logins: {},
      publicUrl: PANEL,
      secrets: [SECRET],
      store,
    })
    const entries = createEntries(settings, keyring)
    const later = { v: 2, key: 'k', more: 1 }
    for (const record of [later, { v: 0 }, null, 'text', { v: 1, key: 'k' }]) {
      const value = await keyring.seal(JSON.stringify(record), 'session k')
      const before = await store.read('k')
      await store.compareAndSet('k', before?.revision ?? null, { value, expiresAt: Date.now() + MINUTE })
      // A later release can read its record.
      const isLater = record === later
      const read = entries.read('k').catch((error) => error)
      const update = entries.update('k', (found) => found).catch((error) => error)
      for (const found of [await read, await update])
        expect(found instanceof OthersRecord ? 'left' : found, JSON.stringify(record)).toBe(
          isLater ? 'left' : undefined,
        )
      expect((await store.read('k'))?.value).toBe(value)
    }
  })
})

describe('what several have in common', () => {
  test('C30: of two sessions on one grant, the one whose token is revoked ends, once and for a reason', async () => {
    const { serve, pass, backend, sends } = await world()
    const { page, notices } = serve({ patienceMs: 1_000 })
    await page.navigate('/session/login/start')
    backend.operator.revokeOpenidGrants('openidAdmin')
    pass(20 * MINUTE)
    expect((await page.get(USERS)).status).toBe(503)
    for (let n = 0; n < 10; n++) await page.get(USERS)
    // The backend's word for it may also be an outage: it is asked again now and then, four times in all.
    let status = 0
    for (let n = 0; n < 20 && status !== 401; n++) {
      pass(MINUTE)
      await page.get(USERS, { headers: { 'x-user-activity': '1' } })
      status = (await page.get('/session/')).status
    }
    expect(status).toBe(401)
    expect(notices.filter(({ type }) => type === 'expired')).toMatchObject([{ reason: 'refreshRejected' }])
    expect(sends()).toBe(4)
  })

  test('C34, I7: two users, a thousand calls, and nobody gets an answer of the other', async () => {
    const { serve, backend, pass } = await world()
    // A slow machine takes its time for a thousand calls; none of them is to give up.
    const { open } = serve({ api: { '/api/admin/': ['GET'] }, patienceMs: 55_000 })
    const [olga, ada] = [open(), open()]
    await olga.navigate('/session/login/start')
    await ada.post('/session/login', backend.accounts.localAdmin)
    pass(14.9 * MINUTE)
    const expected = [backend.accounts.openidAdmin.id, backend.accounts.localAdmin.id]
    // A hundred at a time: of a thousand new connections at once a slow machine gives some up.
    for (let round = 0; round < 10; round++) {
      const answers = await Promise.all(
        Array.from({ length: 100 }, async (_, n) => {
          const answer = await (n % 2 ? ada : olga).get('/api/admin/verify')
          const { user } = (await answer.json()) as { user?: { id: string } }
          return [n % 2, answer.status, user?.id]
        }),
      )
      const wrong = answers.filter(([side, , id]) => id !== expected[side as number])
      expect(wrong).toEqual([])
    }
  })

  test('C35: where tokens do not rotate, the intent of a dead owner holds nobody for good', async () => {
    const { serve, pass, sends } = await world({ knobs: { provider: { rotate: false } } })
    const inner = memoryServerStore()
    const { page } = serve({ store: inner })
    await page.navigate('/session/login/start')
    pass(20 * MINUTE)
    // The process dies: what it would have written after its intent is not written any more.
    let writes = 0
    const dying: ServerStore = {
      ...inner,
      compareAndSet: (key, expected, next) =>
        ++writes === 1 ? inner.compareAndSet(key, expected, next) : new Promise(() => {}),
    }
    const dead = serve({ store: dying, patienceMs: 50 })
    for (const [name, value] of page.cookies) dead.page.cookies.set(name, value)
    expect((await dead.page.get(USERS)).status).toBe(503)
    expect(sends()).toBe(1)
    const heir = serve({ store: inner, patienceMs: 50 })
    for (const [name, value] of page.cookies) heir.page.cookies.set(name, value)
    expect((await heir.page.get(USERS)).status).toBe(503)
    expect(sends()).toBe(1)
    pass(MINUTE)
    await heir.page.get(USERS)
    pass(MINUTE)
    await expect.poll(async () => (await heir.page.get(USERS)).status, { interval: 500 }).toBe(200)
    expect(sends()).toBe(2)
  })

  test('X20: a backend that always answers 401 is not asked much more often than we are', async () => {
    const { serve, backend, sends, calls } = await world()
    const { page } = serve({ patienceMs: 50 })
    await page.navigate('/session/login/start')
    const headers = { 'content-type': 'application/json' }
    const respond = { kind: 'respond', status: 401, headers, body: '{}' } as const
    backend.faults.inject('data', respond, { times: Infinity })
    backend.log.reset()
    const statuses = new Set<number>()
    for (let n = 0; n < 10; n++) {
      const answers = await Promise.all(Array.from({ length: 100 }, () => page.get(USERS)))
      for (const { status } of answers) statuses.add(status)
    }
    // Inside the floor there is no bearer, and the callers are told so.
    expect([...statuses].sort()).toEqual([401, 503])
    expect(calls(USERS)).toBeLessThanOrEqual(1_100)
    // The floor grows from 5 s on: a busy machine may come to the second.
    expect(sends()).toBeLessThanOrEqual(3)
  })

  test('C3: where the refresh token stays the same, a server that was slower sends nothing, and leaves no doubt', async () => {
    const { serve, backend, pass, sends } = await world()
    backend.knobs.provider.rotate = false
    const inner = memoryServerStore()
    let held = 0
    let isHeld = false
    let release = () => {}
    const gate = new Promise<void>((resolve) => {
      release = resolve
    })
    const slow: ServerStore = {
      ...inner,
      async compareAndSet(key, expected, next) {
        if (isHeld) {
          held++
          await gate
        }
        return inner.compareAndSet(key, expected, next)
      },
    }
    const more = { resend: 'never', idleTimeoutMs: 120 * MINUTE } as const
    const [one, two] = [serve({ store: inner, ...more }), serve({ store: slow, ...more })]
    await one.page.navigate('/session/login/start')
    for (const [name, value] of one.page.cookies) two.page.cookies.set(name, value)
    pass(20 * MINUTE)
    isHeld = true
    const late = two.page.get(USERS)
    await expect.poll(() => held).toBe(1)
    isHeld = false
    expect((await one.page.get(USERS)).status).toBe(200)
    release()
    expect((await late).status).toBe(200)
    expect(sends()).toBe(1)
    pass(20 * MINUTE)
    expect((await two.page.get(USERS)).status).toBe(200)
    expect(sends()).toBe(2)
  })

  test('I10: a 401 for the bearer of a moment ago sends nothing again with the one before it', async () => {
    const { serve, backend, pass, sends } = await world()
    const bearers: (string | null)[] = []
    const { page } = serve({
      fetch(input, init) {
        if (String(input).includes(USERS)) bearers.push(new Headers(init?.headers).get('authorization'))
        return fetch(input, init)
      },
    })
    await page.navigate('/session/login/start')
    // Due, and good for a little longer.
    pass(14.75 * MINUTE)
    backend.faults.inject('data', { kind: 'respond', status: 401 })
    expect((await page.get(USERS)).status).toBe(401)
    expect([sends(), bearers.length]).toEqual([1, 1])
    expect((await page.get(USERS)).status).toBe(200)
    expect(bearers[1]).toBe(bearers[0])
  })

  test('I18: a renewal is told once, also where a call comes back with 401 after it', async () => {
    const { serve, backend, pass, sends } = await world()
    const { page, notices } = serve()
    await page.navigate('/session/login/start')
    pass(2 * MINUTE)
    const held = backend.faults.inject('data', { kind: 'hang' })
    backend.faults.inject('data', { kind: 'respond', status: 401 }, { times: 2 })
    const late = page.get(USERS)
    await expect.poll(() => held.hits).toBe(1)
    expect((await page.get(USERS)).status).toBe(200)
    held.clear()
    expect((await late).status).toBe(200)
    expect(sends()).toBe(1)
    expect(notices.filter(({ type }) => type === 'refreshed').length).toBe(1)
  })

  test('a session whose token nobody may send any more is over in every process, at once', async () => {
    const { serve, backend, pass, sends } = await world()
    const store = memoryServerStore()
    const [one, two] = [serve({ store, patienceMs: 200 }), serve({ store, patienceMs: 200 })]
    await one.page.navigate('/session/login/start')
    for (const [name, value] of one.page.cookies) two.page.cookies.set(name, value)
    const headers = { 'content-type': 'application/json' }
    const body = '{"error":"no","error_code":"REFRESH_FAILED"}'
    backend.faults.inject(
      'openidRefresh',
      { kind: 'respond', status: 401, headers, body },
      { times: Infinity },
    )
    pass(20 * MINUTE)
    // Four sends, over two minutes and more, as `afterBearerEnds` has it.
    let status = 0
    for (let n = 0; n < 8 && status !== 401; n++) {
      status = (await one.page.get(USERS)).status
      pass(100_000)
    }
    expect([status, sends()]).toEqual([401, 4])
    const answer = await two.page.get(USERS)
    expect([answer.status, await answer.json()]).toEqual([
      401,
      expect.objectContaining({ reason: 'refreshRejected' }),
    ])
    expect(sends()).toBe(4)
  })

  test('I18: a logout is told once, also to requests that read the session before it', async () => {
    const { serve, pass, sends } = await world()
    const inner = memoryServerStore()
    const held: (() => void)[] = []
    let isHolding = false
    const store: ServerStore = {
      ...inner,
      async read(key) {
        const entry = await inner.read(key)
        if (isHolding) await new Promise<void>((resolve) => held.push(resolve))
        return entry
      },
    }
    const { page, notices } = serve({ store })
    await page.navigate('/session/login/start')
    pass(20 * MINUTE)
    isHolding = true
    const late = [page.get(USERS), page.get(USERS)]
    await expect.poll(() => held.length).toBe(2)
    isHolding = false
    await page.post('/session/logout')
    for (const [n, answer] of late.entries()) {
      held[n]?.()
      expect((await answer).status).toBe(401)
    }
    expect(notices.filter(({ type }) => type === 'loggedOut').length).toBe(1)
    expect(sends()).toBe(0)
  })

  const ofSomebodyElse = ({ user, ...rest }: { user: object }) =>
    Response.json({ ...rest, user: { ...user, id: '650000000000000000000fff', _id: undefined } })
  const ofNoUse = () => Response.json({ error: 'no', error_code: 'REFRESH_FAILED' }, { status: 401 })

  test.each([
    ['another user is answered', 'identityMismatch', ofSomebodyElse, 0],
    // What came of the send is written down first.
    ['its token is given up', 'refreshOutcomeUnknown', ofNoUse, 1],
  ])(
    'I18: %s: who comes while that end is being written hears of it and wakes nobody, and a drain waits',
    async (...row) => {
      const [, reason, edited, writesBefore] = row
      const { serve, pass, backend, sends } = await world()
      const inner = memoryServerStore()
      const gate = { lets: Infinity, open() {} }
      const store: ServerStore = {
        ...inner,
        async compareAndSet(key, expected, next) {
          if (gate.lets-- <= 0) await new Promise<void>((resolve) => Object.assign(gate, { open: resolve }))
          return inner.compareAndSet(key, expected, next)
        },
      }
      const { page, open, server, notices } = serve({ store, resend: 'never' })
      await page.navigate('/session/login/start')
      const [late, elsewhere] = [open(), serve({ store }).open()]
      for (const copy of [late, elsewhere]) for (const cookie of page.cookies) copy.cookies.set(...cookie)
      pass(20 * MINUTE)
      backend.faults.inject('openidRefresh', {
        kind: 'edit',
        async edit(answer) {
          gate.lets = writesBefore
          return edited((await answer.json()) as { user: object })
        },
      })
      const [before, told] = [sends(), notices.length]
      for (const each of [page, late]) {
        const answer = await each.get(USERS)
        expect([answer.status, await answer.json()]).toEqual([401, { error: 'no_session', reason }])
      }
      expect(sends() - before).toBe(1)
      const types = notices.slice(told).map(({ type }) => type)
      expect(types).toContain('expired')
      expect(types.lastIndexOf('nearingExpiry')).toBeLessThan(types.indexOf('expired'))
      let isDrained = false
      const drained = server.drain().then(() => {
        isDrained = true
      })
      await new Promise(setImmediate)
      expect(isDrained).toBe(false)
      gate.open()
      await drained
      expect((await elsewhere.get('/session/')).status).toBe(401)
    },
  )

  test('I1: a backend without the route is asked once while the bearer is good, and once more when it has ended', async () => {
    const { serve, backend, pass, sends } = await world()
    const { page } = serve()
    await page.navigate('/session/login/start')
    const { expiresAt } = (await (await page.get('/session/')).json()) as { expiresAt: number }
    const none = {
      kind: 'respond',
      status: 404,
      body: '<pre>Cannot POST /api/admin/oauth/refresh</pre>',
    } as const
    backend.faults.inject('openidRefresh', none, { times: Infinity })
    pass(expiresAt - Date.now() - 20_000)
    for (let n = 0; n < 3; n++) expect((await page.get(USERS)).status).toBe(200)
    expect(sends()).toBe(1)
    pass(30_000)
    expect((await page.get(USERS)).status).toBe(401)
    expect(sends()).toBe(2)
  })

  test('X21: a flood of cookies that nobody gave out reaches neither backend nor, if it cannot, the store', async () => {
    const { serve, backend } = await world()
    const trouble = troubled()
    const { open } = serve({ store: trouble.store })
    for (let n = 0; n < 200; n++) {
      const stranger = open()
      stranger.cookies.set('__Host-session', n % 2 ? 'x'.repeat(n) : `${n}`.padStart(43, 'A'))
      expect((await stranger.get(USERS)).status).toBe(401)
    }
    expect(trouble.reads).toBeLessThanOrEqual(101)
    expect([trouble.writes, backend.log.requests.length]).toEqual([0, 0])
  })
})

describe('what is said', () => {
  test('X3: no token in a URL, on the way in or out', async () => {
    const { serve, backend, pass } = await world()
    const { page } = serve()
    await page.navigate('/session/login/start?returnTo=/users')
    pass(20 * MINUTE)
    await page.get(USERS)
    const asked = backend.log.requests.filter((r) => !r.path.includes('callback'))
    expect(asked.length).toBeGreaterThan(2)
    for (const { path } of asked) expect(path).not.toMatch(/eyJ|token/i)
  })

  test('X14: a code that somebody else obtained brings no session', async () => {
    const { serve } = await world()
    const { page, open } = serve()
    const attacker = open()
    const walk = await attacker.openid()
    expect(walk.response.status).toBe(302)
    const { url } = await page.navigate(`/auth/openid/callback?code=${'b'.repeat(64)}`)
    expect(url.pathname).toBe('/login')
    expect((await page.get('/session/')).status).toBe(401)
    await page.begun()
    expect((await page.navigate(`/auth/openid/callback?code=${'b'.repeat(64)}`)).url.pathname).toBe('/login')
    expect((await page.get('/session/')).status).toBe(401)
  })

  test('X15: a login gets a new id, and an id that we did not give out is never taken', async () => {
    const { serve } = await world()
    const { page } = serve()
    const planted = 'P'.repeat(43)
    page.cookies.set('__Host-session', planted)
    await page.navigate('/session/login/start')
    const first = page.cookies.get('__Host-session')
    expect(first).not.toBe(planted)
    await page.openid({ purpose: 'stepUp' })
    const second = page.cookies.get('__Host-session')
    expect(second).not.toBe(first)
    page.cookies.set('__Host-session', first ?? '')
    expect((await page.get('/session/')).status).toBe(401)
  })

  test('X29: what a bearer claims about its user is not believed', async () => {
    const { serve, backend } = await world()
    const claims = btoa(JSON.stringify({ id: 'root', role: 'ADMIN', exp: 9e9, iat: 1 }))
    const forged = `${btoa('{"alg":"none"}')}.${claims}.`
    backend.faults.inject('exchange', {
      kind: 'edit',
      edit: async (answer) => Response.json({ ...(await answer.json()), token: forged }),
    })
    const { page } = serve()
    await page.navigate('/session/login/start')
    const facts = (await (await page.get('/session/')).json()) as { user: { id: string }; expiresAt: number }
    expect(facts.user.id).toBe(backend.accounts.openidAdmin.id)
    expect(facts.expiresAt).toBeLessThan(Date.now() + 25 * 60 * MINUTE)
  })

  test('X30: unknown, ended and tampered look alike', async () => {
    const { serve } = await world()
    const { page, open } = serve()
    await page.navigate('/session/login/start')
    const good = page.cookies.get('__Host-session') ?? ''
    const answers = []
    for (const value of ['Q'.repeat(43), `${good.slice(0, -1)}${good.endsWith('A') ? 'E' : 'A'}`, 'x', '']) {
      const stranger = open()
      stranger.cookies.set('__Host-session', value)
      const answer = await stranger.get('/session/')
      answers.push([answer.status, await answer.text(), answer.headers.get('content-type')])
    }
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1)
  })

  test('X20: a cookie that cannot hold an id costs no look into the store, whichever it is', async () => {
    const { serve } = await world()
    const store = memoryServerStore()
    let reads = 0
    const read = (key: string) => {
      reads++
      return store.read(key)
    }
    const counting = { ...store, read }
    const { page } = serve({ store: counting })
    for (const name of ['', '-pending', '-login-librechat', '-logout'])
      for (const value of ['x', 'Q'.repeat(42), 'Q'.repeat(44), 'Q'.repeat(3_000)])
        for (const path of [
          '/session/',
          '/session/logout/provider',
          '/auth/openid/callback?code=c',
          '/api/admin/x',
        ]) {
          page.cookies.clear()
          page.cookies.set(`__Host-session${name}`, value)
          await page.get(path, { headers: { 'sec-fetch-dest': 'document', 'sec-fetch-mode': 'navigate' } })
        }
    await page.post('/session/login/next', { code: '123456' })
    expect(reads).toBe(0)
  })

  test('X31: nobody is named in what is told', async () => {
    const { serve, backend, pass } = await world()
    const { page, notices } = serve()
    const { email, name, id } = backend.accounts.localAdmin
    await page.post('/session/login', { email, password: 'wrong-password' })
    await page.post('/session/login', backend.accounts.localAdmin)
    pass(20 * MINUTE)
    await page.get(USERS)
    await page.post('/session/logout')
    expect(notices.map(({ type }) => type)).toEqual(
      expect.arrayContaining(['login', 'refreshed', 'ended', 'loginRefused']),
    )
    for (const secret of [email, name, id, 'wrong-password', page.cookies.get('__Host-session') ?? '-'])
      if (secret !== '-') expect(JSON.stringify(notices)).not.toContain(secret)
  })
})

test('I2, I3: whatever order things happen in, versions only grow and no superseded token is sent', async () => {
  const { serve, backend, pass } = await world()
  const step = fc.constantFrom('call', 'callTwice', 'late', 'reject', 'logout', 'blip')
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 8 }), async (steps) => {
      const store = memoryServerStore()
      const servers = [serve({ store, patienceMs: 20 }), serve({ store, patienceMs: 20 })] as const
      const [a, b] = [servers[0].page, servers[1].page]
      await a.navigate('/session/login/start')
      for (const [name, value] of a.cookies) b.cookies.set(name, value)
      backend.log.reset()
      let version = 1
      let isOver = false
      for (const what of steps) {
        if (what === 'late') pass(15 * MINUTE)
        if (what === 'reject') backend.operator.invalidateBearers('openidAdmin')
        if (what === 'blip') backend.faults.inject('openidRefresh', { kind: 'respond', status: 429 })
        if (what === 'call') await a.get(USERS, { headers: { 'x-user-activity': '1' } })
        if (what === 'callTwice') await Promise.all([a.get(USERS), b.get(USERS)])
        if (what === 'logout') {
          await b.post('/session/logout')
          isOver = true
        }
        const answer = await a.get('/session/')
        if (isOver) expect(answer.status).toBe(401)
        if (answer.status !== 200) continue
        const facts = (await answer.json()) as { version: number }
        expect(facts.version).toBeGreaterThanOrEqual(version)
        version = facts.version
      }
      expect(backend.log.replays()).toEqual([])
      backend.faults.clear()
    }),
    { numRuns: 25 },
  )
}, 120_000)
