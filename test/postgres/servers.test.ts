import pg from 'pg'
import postgres from 'postgres'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { createTableSql, type PostgresListener, postgresServerStore } from 'xstate-session/postgres'
import type { PostgresClient } from '../../src/postgres/client.ts'
import { hintOf } from '../../src/postgres/hintOf.ts'
import { world } from '../server/world.ts'
import { databaseServer, stopServers } from './databaseServer.ts'

const MINUTE = 60_000
const USERS = '/api/admin/users'

let server: Awaited<ReturnType<typeof databaseServer>>
beforeAll(async () => {
  server = await databaseServer()
}, 60_000)
afterAll(stopServers)

const at = () => ({ host: '127.0.0.1', port: server.port, user: 'postgres', database: 'postgres' })

async function connectPg() {
  const client = new pg.Client(at())
  await client.connect()
  return client
}

const listeners: Record<string, () => PostgresListener> = {
  pg: () => connectPg,
  'postgres.js'() {
    const sql = postgres({ ...at(), max: 1, onnotice: () => {} })
    onTestFinished(() => sql.end({ timeout: 1 }))
    return sql
  },
}

let tables = 0

/** Two processes over one table, and all that is notified. */
async function processes(listen: () => PostgresListener) {
  const table = `servers_${++tables}`
  const pool = new pg.Pool(at())
  await pool.query(createTableSql(table))
  const ear = await connectPg()
  const hints: string[] = []
  ear.on('notification', ({ payload = '' }) => hints.push(payload))
  await ear.query(`LISTEN "${table}"`)
  const made = await world()
  const stores = [0, 1].map(() => postgresServerStore({ client: pool, table, listen: listen() }))
  onTestFinished(async () => {
    for (const store of stores) store.close()
    await ear.end()
    await pool.end()
  })
  // Of its own accord the second process does nothing: no timer of it fires.
  const [one, two] = stores.map((store, i) =>
    made.serve({ store, ...(i === 1 && { clock: { ...made.clock, setTimer: () => () => {} } }) }),
  ) as [ReturnType<typeof made.serve>, ReturnType<typeof made.serve>]
  await one.page.navigate('/session/login/start')
  for (const [name, value] of one.page.cookies) two.page.cookies.set(name, value)
  const key = async () => String((await pool.query(`SELECT key FROM ${table}`)).rows[0]?.key)
  return { ...made, one, two, hints, key }
}

describe.each(Object.entries(listeners))('two servers over PostgreSQL, listening with %s', (_, listen) => {
  test('who waits for the refresh of another process is told as soon as it is written, by a hint alone', async () => {
    const { one, two, hints, key, pass, sends, backend } = await processes(listen)
    pass(20 * MINUTE)
    const held = backend.faults.inject('openidRefresh', { kind: 'hang', at: 'before' })
    const first = one.page.get(USERS)
    await expect.poll(() => held.hits).toBe(1)
    const second = two.page.get(USERS)
    await expect.poll(() => two.notices).toContainEqual(expect.objectContaining({ type: 'refreshDeferred' }))
    expect(hints).toEqual([])
    held.clear()
    expect([(await first).status, (await second).status]).toEqual([200, 200])
    expect(sends()).toBe(1)
    expect(new Set(hints)).toEqual(new Set([await hintOf(await key())]))
  })

  test('nobody is notified of logins and refreshes that nobody waits for; of a logout everybody is', async () => {
    const { one, hints, key, pass, sends } = await processes(listen)
    pass(20 * MINUTE)
    expect((await one.page.get(USERS)).status).toBe(200)
    expect(sends()).toBe(1)
    const hint = await hintOf(await key())
    expect(hints).toEqual([])
    expect((await one.page.post('/session/logout')).status).toBe(200)
    await expect.poll(() => hints).toEqual([hint])
  })
})

test('a listener that lost its connection listens again, and looks at what it may have missed', async () => {
  const table = 'lost'
  const pool = new pg.Pool(at())
  await pool.query(createTableSql(table))
  const connections: pg.Client[] = []
  const store = postgresServerStore({
    client: pool,
    table,
    async listen() {
      const client = await connectPg()
      connections.push(client)
      return client
    },
  })
  let hints = 0
  const unwatch = store.watch?.('k', () => hints++)
  // It may have missed something before it listened.
  await expect.poll(() => hints).toBe(1)
  await pool.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE $1', ['LISTEN%'])
  await expect.poll(() => connections.length).toBe(2)
  await expect.poll(() => hints).toBe(2)
  const write = (expected: number | null, isEnd?: true) =>
    store.compareAndSet('k', expected, { value: 'x', expiresAt: Date.UTC(2100, 0), ...(isEnd && { isEnd }) })
  await write(null)
  await write(1)
  await write(2, true)
  await expect.poll(() => hints).toBe(3)
  unwatch?.()
  await write(3, true)
  store.close()
  await pool.end()
  expect(hints).toBe(3)
})

test('without `listen` nothing is watched', () => {
  const client = { query: async () => ({ rows: [] }) }
  expect(postgresServerStore({ client })).not.toHaveProperty('watch')
})

test('who has stopped watching is told nothing, also of what was asked before', async () => {
  let answer = () => {}
  const asked = new Promise<{ rows: [] }>((resolve) => {
    answer = () => resolve({ rows: [] })
  })
  const store = postgresServerStore({
    client: { query: () => asked },
    table: 'stopped',
    listen: connectPg,
  })
  onTestFinished(() => store.close())
  let hints = 0
  store.watch?.('k', () => hints++, 1_000)()
  answer()
  await asked
  await new Promise(setImmediate)
  expect(hints).toBe(0)
})

/** Two processes, each with a way of its own to one table, where no token in doubt may be sent again. */
async function two(
  waysTo: (pool: pg.Pool) => PostgresClient[],
  statementTimeoutMs: number,
  more: pg.PoolConfig = {},
) {
  const table = `servers_${++tables}`
  const pool = new pg.Pool({ ...at(), ...more })
  onTestFinished(() => pool.end())
  await pool.query(createTableSql(table))
  const made = await world()
  const [one, other] = waysTo(pool).map((client) =>
    made.serve({ store: postgresServerStore({ client, table, statementTimeoutMs }), resend: 'never' }),
  ) as [ReturnType<typeof made.serve>, ReturnType<typeof made.serve>]
  await one.page.navigate('/session/login/start')
  for (const [name, value] of one.page.cookies) other.page.cookies.set(name, value)
  made.pass(20 * MINUTE)
  return { ...made, pool, table, one, other }
}

test.each([
  ['given up here, and done later', 200, {}],
  ['cancelled by the database', 2_000, { statement_timeout: 200 }],
])('U36: an intent whose write is %s is no send, and its token is sent once', async (_, timeoutMs, more) => {
  const { one, other, table, sends } = await two((pool) => [pool, pool], timeoutMs, more)
  const holder = await connectPg()
  onTestFinished(() => holder.end())
  await holder.query('BEGIN')
  await holder.query(`SELECT 1 FROM ${table} FOR UPDATE`)
  expect((await one.page.get(USERS)).status).toBe(503)
  expect(sends()).toBe(0)
  await holder.query('COMMIT')
  // The first process knows that nothing was sent, whatever the record says by now.
  await expect.poll(async () => (await one.page.get(USERS)).status).toBe(200)
  await expect.poll(async () => (await other.page.get(USERS)).status).toBe(200)
  expect(sends()).toBe(1)
})

test.each([
  ['the intent', 0],
  ['the renewal', 1],
])('U36: a commit of %s whose answer is lost sends no token twice', async (_, after) => {
  let [lost, isOn] = [0, false]
  let sent = () => 0
  const { one, other, sends } = await two(
    (pool) => [
      {
        async query(text: string, values: unknown[]) {
          const answer = await pool.query(text, values)
          const isWrite = /^\s*UPDATE/.test(text)
          // The write is done. Its answer is lost, and so is the one to the look that follows.
          if (isOn && sent() === after && lost < 2 && (isWrite || lost === 1)) {
            lost++
            throw new Error('The connection broke.')
          }
          return answer
        },
      } as PostgresClient,
      pool,
    ],
    2_000,
  )
  sent = sends
  isOn = true
  await one.page.get(USERS)
  await expect.poll(async () => (await one.page.get(USERS)).status).toBe(200)
  await expect.poll(async () => (await other.page.get(USERS)).status).toBe(200)
  expect([lost, sends()]).toEqual([2, 1])
})
