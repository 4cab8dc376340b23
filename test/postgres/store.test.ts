import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import postgres from 'postgres'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { createTableSql, postgresServerStore } from 'xstate-session/postgres'
import { serverStoreConformance } from 'xstate-session/testing'
import { Misconfigured } from '../../src/base/errors.ts'
import { fakeClock } from '../fakeClock.ts'
import { lossyProxy } from '../redis/storeServer.ts'
import { databaseServer, stopServers, transactionPooler } from './databaseServer.ts'

const expiresAt = Date.UTC(2100, 0)
const canary = 'CANARY-of-a-sealed-value'

let server: Awaited<ReturnType<typeof databaseServer>>
let pooler: Awaited<ReturnType<typeof transactionPooler>>
let admin: pg.Pool
beforeAll(async () => {
  server = await databaseServer()
  pooler = await transactionPooler(server.port)
  admin = openPg(server.port).client
}, 60_000)
afterAll(async () => {
  await admin.end()
  await stopServers()
})

const at = (port: number) => ({ host: '127.0.0.1', port, user: 'postgres', database: 'postgres' })

function openPg(port: number, more: pg.PoolConfig = {}) {
  const client = new pg.Pool({ ...at(port), max: 5, ...more })
  client.on('error', () => {})
  return { client, close: () => client.end() }
}

function openPostgresJs(port: number, { max = 5 } = {}) {
  const client = postgres({ ...at(port), max, onnotice: () => {}, backoff: () => 0.05 })
  return { client, close: () => client.end({ timeout: 1 }) }
}

const clients = { pg: openPg, 'postgres.js': openPostgresJs }

const failure = async (call: Promise<unknown>): Promise<Error> => {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!(error instanceof Error)) throw new Error('It did not reject.')
  return error
}

/** All that a log may show of an error. */
const told = (error: Error) =>
  [String(error), error.stack, JSON.stringify(error), ...Object.values(error), error.cause].join(' ')

let tables = 0
/** A table of its own, empty. */
async function newTable(on: pg.Pool = admin): Promise<string> {
  const table = `sessions_${++tables}`
  await on.query(createTableSql(table))
  return table
}

describe.each([
  ['pg', openPg, () => server.port],
  ['postgres.js', openPostgresJs, () => server.port],
  ['pg, through PgBouncer in transaction mode', openPg, () => pooler.port],
  ['postgres.js, through PgBouncer in transaction mode', openPostgresJs, () => pooler.port],
] as const)('postgresServerStore over %s', (_, open, portOf) => {
  const suite = serverStoreConformance({
    lifeMs: 300,
    async create() {
      const table = await newTable()
      const [one, two] = [open(portOf()), open(portOf())]
      const listen = async () => {
        const own = new pg.Client(at(server.port))
        await own.connect()
        return own
      }
      const store = postgresServerStore({ client: one.client, table, listen })
      return {
        store,
        other: postgresServerStore({ client: two.client, table }),
        // The clock of the database cannot be moved.
        advance: async (ms) => void (await sleep(ms + 20)),
        async close() {
          store.close()
          await one.close()
          await two.close()
        },
      }
    },
  })
  for (const { name, run } of suite) test(name, run)
})

describe.each(Object.entries(clients))('over %s', (_, open) => {
  async function opened(port = server.port, max = 5) {
    const { client, close } = open(port, { max })
    onTestFinished(() => close())
    return client
  }

  test('one statement a read, one a write, none of them prepared under a name', async () => {
    const client = await opened(server.port, 1)
    const sent: string[] = []
    const counting = new Proxy(client, {
      get(target, name) {
        const value = Reflect.get(target, name) as unknown
        if (typeof value !== 'function') return value
        return (...args: unknown[]) => {
          sent.push(String(name))
          return (value as (...args: unknown[]) => unknown).apply(target, args)
        }
      },
    })
    const store = postgresServerStore({ client: counting, table: await newTable() })
    // Its first write also cleans.
    await store.compareAndSet('warm', null, { value: 'x', expiresAt })
    sent.length = 0
    await store.compareAndSet('k', null, { value: 'x', expiresAt, tags: ['s'] })
    await store.compareAndSet('k', 1, { value: 'y', expiresAt, tags: ['s'] })
    await store.read('k')
    await store.keysOf('s')
    expect(sent.length).toBe(4)
    // Postgres.js asks for the types of the database by one of its own.
    const named = "SELECT count(*)::int AS n FROM pg_prepared_statements WHERE statement LIKE '%sessions_%'"
    const rows = 'unsafe' in client ? await client.unsafe(named) : (await client.query(named)).rows
    expect(rows).toMatchObject([{ n: 0 }])
    const locks = await admin.query("SELECT 1 FROM pg_locks WHERE locktype = 'advisory'")
    expect(locks.rows).toEqual([])
  })

  test('a database that restarts under use: calls reject without a secret, then go on, and nothing is lost', async () => {
    const own = await databaseServer()
    const setup = openPg(own.port)
    await setup.client.query(createTableSql())
    await setup.close()
    const store = postgresServerStore({ client: await opened(own.port), statementTimeoutMs: 1_000 })
    let revision = await store.compareAndSet('k', null, { value: 'v0', expiresAt })
    for (let round = 0; round < 2; round++) {
      await own.kill()
      const error = await failure(store.compareAndSet('k', revision, { value: canary, expiresAt }))
      expect(error.message).toMatch(/could not be reached|did not answer|shutting down|crashed/)
      expect(told(error)).not.toContain('CANARY')
      await own.restart()
      await expect.poll(() => store.read('k')).toEqual({ value: `v${round}`, revision })
      revision = await store.compareAndSet('k', revision, { value: `v${round + 1}`, expiresAt })
      expect(revision).toBe(round + 2)
    }
    await own.stop()
  })

  test('S9 a standby is neither read from nor written to, and the error says so', async () => {
    const standby = await databaseServer({ primaryPort: server.port })
    const table = await newTable()
    const primary = postgresServerStore({ client: admin, table })
    await primary.compareAndSet('k', null, { value: 'a', expiresAt, tags: ['s'] })
    const client = await opened(standby.port)
    const store = postgresServerStore({ client, table })
    // Also where it has caught up.
    await expect.poll(async () => (await failure(store.keysOf('s'))).message).toMatch(/standby.*\(25006\)/)
    const calls = [
      () => store.read('k'),
      () => store.read('none'),
      () => store.compareAndSet('k', 1, { value: canary, expiresAt }),
    ]
    for (const call of calls) expect((await failure(call())).message).toMatch(/standby.*primary.*\(25006\)/)
    await standby.stop()
  })

  test('where transactions are serializable by default, still one of many writers wins', async () => {
    const own = await databaseServer({ settings: ["default_transaction_isolation = 'serializable'"] })
    const setup = openPg(own.port)
    await setup.client.query(createTableSql())
    await setup.close()
    const store = postgresServerStore({ client: await opened(own.port) })
    for (const expected of [null, 1, 2]) {
      const tries = Array.from({ length: 20 }, (_, i) =>
        store.compareAndSet('k', expected, { value: `${i}`, expiresAt, tags: ['s'] }),
      )
      // Who does not win may have lost too often: nothing was written then.
      const answers = await Promise.allSettled(tries)
      const won = answers.filter((answer) => answer.status === 'fulfilled' && answer.value !== null)
      expect(won.length).toBe(1)
    }
    await own.stop()
  })

  test('a role with the documented rights, in a schema of its own', async () => {
    const role = `panel_${_.replace(/\W/g, '')}`
    const table = `${role}.sessions`
    await admin.query(`CREATE ROLE ${role} LOGIN; CREATE SCHEMA ${role}; ${createTableSql(table)}`)
    const client =
      _ === 'pg'
        ? new pg.Pool({ ...at(server.port), user: role })
        : postgres({ ...at(server.port), user: role, max: 1 })
    onTestFinished(() => client.end())
    const store = postgresServerStore({ client, table })
    const write = () => store.compareAndSet('k', null, { value: canary, expiresAt, tags: ['s'] })
    const denied = await failure(write())
    expect(denied).toBeInstanceOf(Misconfigured)
    expect(denied.message).toMatch(/Grant it SELECT, INSERT, UPDATE and DELETE.*\(42501\)/)
    await admin.query(
      `GRANT USAGE ON SCHEMA ${role} TO ${role}; GRANT SELECT, INSERT, UPDATE, DELETE ON ${table} TO ${role}`,
    )
    expect(await write()).toBe(1)
    expect(await store.keysOf('s')).toEqual(['k'])
  })
})

// Postgres.js asks for the types of the parameters first: deaf, it writes nothing.
test('S3 a write whose acknowledgement is lost rejects in time, and is found by reading again', async () => {
  const proxy = await lossyProxy(server.port)
  onTestFinished(() => proxy.stop())
  const near = openPg(proxy.port, { max: 1 })
  onTestFinished(() => near.close())
  const table = await newTable()
  const store = postgresServerStore({ client: near.client, table, statementTimeoutMs: 300 })
  const other = postgresServerStore({ client: admin, table })
  await expect.poll(() => store.compareAndSet('k', null, { value: 'a', expiresAt })).toBe(1)
  expect(await store.read('k')).toEqual({ value: 'a', revision: 1 })
  proxy.isDeaf = true
  const error = await failure(store.compareAndSet('k', 1, { value: canary, expiresAt }))
  expect(error.message).toMatch(/did not answer within 300 ms/)
  expect(told(error)).not.toContain('CANARY')
  await expect.poll(() => other.read('k')).toEqual({ value: canary, revision: 2 })
  expect(await other.compareAndSet('k', 1, { value: canary, expiresAt })).toBeNull()
  proxy.cut()
})

test('connections that fall silent are given up by the documented pool, and new ones serve', async () => {
  const proxy = await lossyProxy(server.port)
  onTestFinished(() => proxy.stop())
  const { client, close } = openPg(proxy.port, { connectionTimeoutMillis: 300, query_timeout: 300 })
  onTestFinished(() => close())
  const store = postgresServerStore({ client, table: await newTable(), statementTimeoutMs: 300 })
  await store.compareAndSet('k', null, { value: 'a', expiresAt })
  proxy.isMute = true
  const calls = Array.from({ length: 20 }, () => failure(store.read('k')))
  for (const error of await Promise.all(calls))
    expect(error.message).toMatch(/did not answer|could not be reached/)
  // What was said meanwhile nobody has heard: the old connections would wait for ever.
  proxy.isMute = false
  await expect.poll(() => store.read('k')).toEqual({ value: 'a', revision: 1 })
  expect(await store.compareAndSet('k', 1, { value: 'b', expiresAt })).toBe(2)
})

test('what has expired is deleted, a thousand at a time, and once a minute where there is less', async () => {
  const clock = fakeClock(Date.now())
  const table = await newTable()
  const store = postgresServerStore({ client: admin, table, clock, statementTimeoutMs: 60_000 })
  const count = async () => (await admin.query(`SELECT count(*)::int AS n FROM ${table}`)).rows[0]?.n
  const old = (name: string, many: number) =>
    admin.query(
      `INSERT INTO ${table} SELECT '${name}' || i, 'x', 1, 0, '{}' FROM generate_series(1, ${many}) i`,
    )
  const write = (key: string) => store.compareAndSet(key, null, { value: 'x', expiresAt })
  await old('k', 1_500)
  await write('a')
  await expect.poll(count).toBe(501)
  await write('b')
  await expect.poll(count).toBe(2)
  await old('late', 1)
  await write('c')
  expect(await count()).toBe(4)
  clock.advance(60_000)
  await write('d')
  await expect.poll(count).toBe(4)
})

test('an entry is renewed in its place: no index is written', async () => {
  const table = await newTable()
  const { client, close } = openPg(server.port)
  const store = postgresServerStore({ client, table })
  const write = (revision: number | null, at: number) =>
    store.compareAndSet('k', revision, { value: 'x'.repeat(1_500), expiresAt: at, tags: ['s', 't'] })
  // In the midst of an hour.
  const hour = Math.ceil(Date.now() / 3_600_000 + 1) * 3_600_000 + 1_800_000
  await write(null, hour)
  for (let revision = 1; revision <= 20; revision++) await write(revision, hour + revision * 1_000)
  // The figures arrive when the connection is idle, or some time after it has closed.
  await close()
  const figures = async () => {
    const { rows } = await admin.query(
      'SELECT n_tup_upd::int AS updates, n_tup_hot_upd::int AS hot FROM pg_stat_user_tables WHERE relname = $1',
      [table],
    )
    return rows[0]
  }
  await expect.poll(figures).toEqual({ updates: 20, hot: expect.toSatisfy((hot: number) => hot >= 15) })
})

test('the page shows the table as it is made', () => {
  const page = readFileSync(new URL('../../docs/deployment.md', import.meta.url), 'utf8')
  expect(page).toContain(createTableSql())
})

test.each([
  ['a table that is not there', { table: 'none' }, {}, /createTableSql.*\(42P01\)/],
  ['a schema that is not there', { table: 'none.none' }, {}, /\(42P01\)/],
  ['a table of something else', { table: 'notes' }, {}, /other columns.*\(42703\)/],
  ['a database that is not there', {}, { database: 'none' }, /database does not exist \(3D000\)/],
  ['a role that is not there', {}, { user: 'nobody' }, /does not accept this role \(28000\)/],
])('%s is said to be so', async (_, options, more, message) => {
  await admin.query('CREATE TABLE IF NOT EXISTS notes (a text)')
  const { client, close } = openPg(server.port, more)
  const error = await failure(postgresServerStore({ client, ...options }).read('k'))
  expect(error).toBeInstanceOf(Misconfigured)
  expect(error.message).toMatch(message)
  await close()
})

test('a wrong password is said to be one, and not repeated', async () => {
  const own = await databaseServer({ access: ['host all panel 127.0.0.1/32 scram-sha-256'] })
  const setup = openPg(own.port)
  await setup.client.query("CREATE ROLE panel LOGIN PASSWORD 'right'")
  await setup.close()
  const { client, close } = openPg(own.port, { user: 'panel', password: 'PASSWORD-CANARY' })
  const error = await failure(postgresServerStore({ client }).read('k'))
  expect(error).toBeInstanceOf(Misconfigured)
  expect(error.message).toMatch(/password \(28P01\)/)
  expect(told(error)).not.toContain('CANARY')
  await close()
  await own.stop()
})

describe('S15 a client that answers something else', () => {
  const answering = (answer: unknown) =>
    postgresServerStore({ client: { unsafe: async () => answer } as never })
  const row = { value: 'x', revision: '1', standby: false }
  const odd = [
    undefined,
    7,
    {},
    'text',
    [],
    [{}],
    [{ ...row, revision: '0' }],
    [{ ...row, revision: '1.5' }],
    [{ ...row, revision: null }],
    [{ ...row, value: null }],
    [{ ...row, value: Buffer.from('x') }],
    [{ ...row, standby: undefined }],
  ]

  test.each(odd.map((answer) => [answer]))('a read of %j rejects', async (answer) => {
    expect((await failure(answering(answer).read('k'))).message).toMatch(/something else|standby/)
  })

  test.each([[undefined], [{}], [[{}]], [[{ revision: 'x' }]], [[{ revision: -1 }]]])(
    'a write of %j rejects',
    async (answer) => {
      const error = await failure(answering(answer).compareAndSet('k', null, { value: canary, expiresAt }))
      expect(error.message).toMatch(/PostgreSQL answered something else/)
    },
  )

  test('a client that throws at once', async () => {
    const client = {
      unsafe() {
        throw new Error(`oops ${canary}`)
      },
    }
    const error = await failure(postgresServerStore({ client: client as never }).read('k'))
    expect(told(error)).not.toContain('CANARY')
    expect(error.message).toMatch(/could not be reached/)
  })
})

test.each([
  ['table', { table: 'a"b' }],
  ['table', { table: 'Sessions' }],
  ['table', { table: 'a.b.c' }],
  ['table', { table: '' }],
  ['table', { table: 'x'.repeat(49) }],
  ['statementTimeoutMs', { statementTimeoutMs: 0 }],
  ['statementTimeoutMs', { statementTimeoutMs: Number.NaN }],
])('refuses a bad `%s`', (name, options) => {
  const making = () => postgresServerStore({ client: { query: async () => ({ rows: [] }) }, ...options })
  expect(making).toThrow(Misconfigured)
  expect(making).toThrow(name)
})
