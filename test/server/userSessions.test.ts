import pg from 'pg'
import { afterAll, describe, expect, onTestFinished, test } from 'vitest'
import { createTableSql, postgresServerStore } from 'xstate-session/postgres'
import {
  createSessionServer,
  memoryServerStore,
  type ServerLogin,
  type ServerNotice,
  type ServerStore,
  type SessionServerOptions,
} from 'xstate-session/server'
import { sqliteServerStore } from 'xstate-session/sqlite'
import { databaseServer, stopServers } from '../postgres/databaseServer.ts'
import { browser } from './browser.ts'
import { movableClock, PANEL, SECRET } from './world.ts'

/** Two logins with passwords; a logout revokes. */
function world(options: Partial<SessionServerOptions> & { readonly backend?: string } = {}) {
  const { backend = 'here', ...more } = options
  const clock = movableClock()
  const notices: ServerNotice[] = []
  const revoked: (string | undefined)[] = []
  const part =
    (name: string): ServerLogin =>
    () => ({
      identity: `${name} ${backend}`,
      apiUrl: `https://${name}.example/`,
      strategies: {
        own: {
          needsRefreshToken: true,
          refresh: async () => ({ kind: 'refused', cause: 'unavailable' }),
          async revoke({ refreshToken }) {
            revoked.push(refreshToken)
            return true
          },
        },
      },
      submit: async (_, { id, device }) => ({
        done: {
          answer: {
            token: 'secret-bearer',
            refreshToken: `secret ${device}`,
            user: { id, name: 'A' },
            expiresIn: 600,
          },
          strategy: 'own',
        },
      }),
    })
  const server = createSessionServer({
    publicUrl: PANEL,
    secrets: [SECRET],
    logins: { one: part('one'), two: part('two') },
    api: { '/api/': { target: 'https://api.example/', logins: ['one', 'two'] } },
    clock,
    fetch: async () => Response.json({}),
    observe: (notice) => notices.push(notice),
    ...more,
  })
  async function login(id: string, device: string, via = 'one') {
    const page = browser((request) => server.handle(request), `${more.publicUrl ?? PANEL}`)
    const { status } = await page.post('/session/login', { via, id, device })
    expect(status).toBe(200)
    clock.pass(1_000)
    const cookie = [...page.cookies].map((pair) => pair.join('=')).join('; ')
    const { id: name } = await server.getSession({ headers: new Headers({ cookie }) }, { readOnly: true })
    return { page, name: name ?? '', status: async () => (await page.get('/session/')).status }
  }
  return { server, clock, notices, revoked, login }
}

type World = ReturnType<typeof world>

const ADA = { via: 'one', userId: 'ada' }

let database: ReturnType<typeof databaseServer> | undefined
afterAll(stopServers)
let tables = 0

const stores: Record<string, () => Promise<ServerStore>> = {
  memory: async () => memoryServerStore(),
  async sqlite() {
    const store = sqliteServerStore({ path: ':memory:' })
    onTestFinished(() => store.close())
    return store
  },
  async postgres() {
    database ??= databaseServer()
    const client = new pg.Pool({ connectionString: (await database).url })
    onTestFinished(() => client.end())
    const table = `sessions_${++tables}`
    await client.query(createTableSql(table))
    return postgresServerStore({ client, table, statementTimeoutMs: 30_000 })
  },
}

describe.each(Object.entries(stores))('the sessions of users, in %s', (_, make) => {
  test('U14: those of one user of one login are listed, the newest first, without tokens', async () => {
    const { server, login, clock } = world({ store: await make() })
    const first = await login('ada', 'laptop')
    const second = await login('ada', 'phone')
    await login('bob', 'laptop')
    await login('ada', 'laptop', 'two')
    const list = await server.sessions.list(ADA)
    expect(list.map(({ id }) => id)).toEqual([second.name, first.name])
    expect(list[0]).toEqual({
      id: second.name,
      via: 'one',
      provider: 'own',
      user: { id: 'ada', name: 'A' },
      beganAt: expect.any(Number),
      lastUsedAt: list[0]?.beganAt,
      verifiedAt: list[0]?.beganAt,
      endsAt: Number(list[0]?.beganAt) + 1_800_000,
    })
    expect(JSON.stringify(list)).not.toContain('secret')
    clock.pass(1_800_000)
    expect(await server.sessions.list(ADA)).toEqual([])
  })

  test('U14, L52: one is ended, at once and at the backend, and its copied cookie opens nothing', async () => {
    const { server, login, notices, revoked } = world({ store: await make() })
    const [lost, kept] = [await login('ada', 'lost'), await login('ada', 'kept')]
    const copy = [...lost.page.cookies]
    expect(await server.sessions.end({ ...ADA, id: lost.name }, { by: 'admin 7' })).toBe(true)
    expect([await lost.status(), await kept.status()]).toEqual([401, 200])
    lost.page.cookies.clear()
    for (const [name, value] of copy) lost.page.cookies.set(name, value)
    const answer = await lost.page.get('/session/')
    expect([answer.status, await answer.json()]).toEqual([401, { error: 'no_session', reason: 'revoked' }])
    expect(revoked).toEqual(['secret lost'])
    expect(notices).toContainEqual({ type: 'ended', session: lost.name, reason: 'revoked', by: 'admin 7' })
    expect(await server.sessions.end({ ...ADA, id: lost.name }, { by: 'admin 7' })).toBe(false)
    // Of somebody else nothing is ended by a name alone.
    expect(await server.sessions.end({ via: 'one', userId: 'bob', id: kept.name }, { by: 'x' })).toBe(false)
  })

  test('U14: all are ended, or all but the one that asks', async () => {
    const { server, login, notices } = world({ store: await make() })
    const all = [
      await login('ada', 'a'),
      await login('ada', 'b'),
      await login('ada', 'c'),
      await login('bob', 'd'),
    ]
    expect(await server.sessions.endAll({ ...ADA, except: all[1]?.name }, { by: 'ada' })).toBe(2)
    expect(await Promise.all(all.map(({ status }) => status()))).toEqual([401, 200, 401, 200])
    expect(notices.filter((notice) => notice.type === 'ended' && notice.by === 'ada')).toHaveLength(2)
    expect(await server.sessions.endAll(ADA, { by: 'ada' })).toBe(1)
    expect(await all[3]?.status()).toBe(200)
  })

  test('U14: a user has no more sessions than the option says: the oldest ends', async () => {
    const { login, notices, revoked } = world({ store: await make(), maxSessionsPerUser: 2 })
    const [a, b] = [await login('ada', 'a'), await login('ada', 'b')]
    const bob = await login('bob', 'd')
    const other = await login('ada', 'e', 'two')
    const c = await login('ada', 'c')
    const all = [a, b, c, bob, other]
    const answer = await a.page.get('/session/')
    expect(await answer.json()).toEqual({ error: 'no_session', reason: 'sessionLimit' })
    expect(await Promise.all(all.map(({ status }) => status()))).toEqual([401, 200, 200, 200, 200])
    expect(notices).toContainEqual({ type: 'ended', session: a.name, reason: 'sessionLimit' })
    expect(revoked).toEqual(['secret a'])
  })

  test('U14: of servers whose clocks differ the limit ends what began earlier, never what began last', async () => {
    const store = await make()
    const [ahead, right] = [0, 1].map(() => world({ store, maxSessionsPerUser: 2 })) as [World, World]
    ahead.clock.set(60_000)
    const all: Awaited<ReturnType<World['login']>>[] = []
    for (const { login } of [right, ahead, right, right]) {
      all.push(await login('ada', 'x'))
      expect(await all.at(-1)?.status()).toBe(200)
    }
    expect(await Promise.all(all.map(({ status }) => status()))).toEqual([401, 401, 200, 200])
  })

  test('U14: a clock that is set back ends no login that comes after', async () => {
    const { login, clock } = world({ store: await make(), maxSessionsPerUser: 1 })
    const before = await login('ada', 'a')
    clock.set(-600_000)
    for (let n = 0; n < 3; n++) expect(await (await login('ada', 'b')).status()).toBe(200)
    expect(await before.status()).toBe(401)
  })

  test('U14: two logins at once do not end each other', async () => {
    const store = await make()
    const [one, two] = [0, 1].map(() => world({ store, maxSessionsPerUser: 1 })) as [World, World]
    const both = await Promise.all([one.login('ada', 'a'), two.login('ada', 'b')])
    expect(await Promise.all(both.map(({ status }) => status()))).toContain(200)
  })

  test('U14: who logs in again with the same browser ends no other session', async () => {
    const { login } = world({ store: await make(), maxSessionsPerUser: 2 })
    const [a, b] = [await login('ada', 'a'), await login('ada', 'b')]
    for (let n = 0; n < 3; n++) await b.page.post('/session/login', { via: 'one', id: 'ada', device: 'b' })
    expect([await a.status(), await b.status()]).toEqual([200, 200])
  })
})

describe('panels with one store and one secret', () => {
  const OTHERS = [
    { publicUrl: 'https://other.example' },
    { publicUrl: 'https://other.example', backend: 'there' },
    { backend: 'there' },
  ]

  test.each(OTHERS)('U14: none lists, ends or limits the sessions of %o', async (more) => {
    const store = memoryServerStore()
    const panel = world({ store, maxSessionsPerUser: 1 })
    const other = world({ store, ...more })
    const { name, status } = await other.login('ada', 'there')
    expect(await panel.server.sessions.list(ADA)).toEqual([])
    expect(await panel.server.sessions.end({ ...ADA, id: name }, { by: 'x' })).toBe(false)
    expect(await panel.server.sessions.endAll(ADA, { by: 'x' })).toBe(0)
    await panel.login('ada', 'here')
    expect(await status()).toBe(200)
    expect([panel.revoked, other.revoked]).toEqual([[], []])
    expect((await other.server.sessions.list(ADA)).map(({ id }) => id)).toEqual([name])
  })
})

describe('a store that fails in the middle of a login', () => {
  /** What answers, until the test lets one call fail. */
  function failing() {
    const inner = memoryServerStore()
    const fails = { read: (_key: string) => false, write: false, keysOf: false }
    const store: ServerStore = {
      ...inner,
      async read(key) {
        if (fails.read(key)) throw new Error('down')
        return inner.read(key)
      },
      async compareAndSet(...args) {
        if (fails.write) throw new Error('down')
        return inner.compareAndSet(...args)
      },
      async keysOf(tag) {
        if (fails.keysOf) throw new Error('down')
        return inner.keysOf(tag)
      },
    }
    return { store, fails }
  }

  test('U14: whose sessions cannot be counted is let in', async () => {
    const { store, fails } = failing()
    const { login, revoked } = world({ store, maxSessionsPerUser: 1 })
    fails.keysOf = true
    expect(await (await login('ada', 'a')).status()).toBe(200)
    fails.keysOf = false
    const next = await login('ada', 'b')
    expect([await next.status(), revoked]).toEqual([200, ['secret a']])
  })

  test('U14: a login that fails once its session is stored leaves none, and its grant is revoked', async () => {
    const { store, fails } = failing()
    const { server, login, revoked, notices } = world({ store })
    const { page, status } = await login('ada', 'first')
    // The session that the browser had cannot be read any more, once the new one is written.
    let writes = 0
    const compareAndSet = store.compareAndSet
    store.compareAndSet = async (...args) => {
      writes++
      return compareAndSet(...args)
    }
    fails.read = () => {
      const isNow = writes === 1
      if (isNow) writes++
      return isNow
    }
    expect((await page.post('/session/login', { via: 'one', id: 'ada', device: 'second' })).status).toBe(503)
    expect(revoked).toEqual(['secret second'])
    expect(notices).toContainEqual({ type: 'ended', session: expect.any(String), reason: 'revoked' })
    expect(await server.sessions.list(ADA)).toHaveLength(1)
    expect(await status()).toBe(200)
  })

  test('U14: what a login of one’s own was granted is revoked where the store cannot be asked', async () => {
    const { store, fails } = failing()
    const { server, login, revoked } = world({ store })
    const { page } = await login('ada', 'first')
    const cookie = [...page.cookies].map((pair) => pair.join('=')).join('; ')
    const open = (refreshToken: string, data?: string) =>
      server.open(
        { token: 'bearer', refreshToken, user: { id: 'ada' } },
        { request: { headers: new Headers({ cookie }) }, via: 'one', ...(data && { data }) },
      )
    fails.read = () => true
    await expect(open('of a store that is away')).rejects.toThrow('down')
    fails.read = () => false
    await expect(open('of too much', 'x'.repeat(5_000))).rejects.toThrow(/4096 characters/)
    await server.drain()
    await expect(open('of a server that stops')).rejects.toMatchObject({ reason: 'draining', status: 503 })
    await expect
      .poll(() => revoked)
      .toEqual(['of a store that is away', 'of too much', 'of a server that stops'])
    // A logout is not lost.
    const { login: named } = await server.getSession({ headers: new Headers({ cookie }) }, { readOnly: true })
    const end = await server.end({ headers: new Headers({ cookie }) }, { login: named ?? '' })
    expect(end.isEnded).toBe(true)
  })
})

describe('the sessions of users, asked amiss', () => {
  test('U14: sealed cookies say what they cannot do', async () => {
    const { server } = world({ sealedCookies: true })
    await expect(server.sessions.list(ADA)).rejects.toThrow(/sealedCookies.*`store`/)
    await expect(server.sessions.end({ ...ADA, id: 'x' }, { by: 'x' })).rejects.toThrow(/sealedCookies/)
    await expect(server.sessions.endAll(ADA, { by: 'x' })).rejects.toThrow(/sealedCookies/)
    expect(() => world({ sealedCookies: true, maxSessionsPerUser: 3 })).toThrow(/exclude each other/)
  })

  test.each([0, -1, 1.5, Number.NaN])('U14, U47: a limit of %d sessions is refused', (maxSessionsPerUser) => {
    expect(() => world({ maxSessionsPerUser })).toThrow(/"maxSessionsPerUser" must be a whole number above 0/)
  })

  test('U14: a call without an actor, of an unknown login or of nobody is refused', async () => {
    const { server } = world()
    await expect(server.sessions.endAll(ADA, {} as never)).rejects.toThrow(/`by`/)
    await expect(server.sessions.endAll(ADA, { by: '' })).rejects.toThrow(/`by`/)
    await expect(server.sessions.end({ ...ADA, id: 'x' }, { by: 'x'.repeat(201) })).rejects.toThrow(/`by`/)
    await expect(server.sessions.list({ via: 'three', userId: 'ada' })).rejects.toThrow(/`via`.*one, two/)
    await expect(server.sessions.list({ via: 'one', userId: '' })).rejects.toThrow(/`userId`/)
  })
})
