import pg from 'pg'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import { createTableSql, postgresServerStore } from 'xstate-session/postgres'
import { sharedPaces } from '../../src/coordination/sharedPaces.ts'
import type { ServerStore } from '../../src/stores/serverStore.ts'
import { fakeClock } from '../fakeClock.ts'
import { databaseServer, stopServers, transactionPooler } from './databaseServer.ts'

const ORIGIN = 'https://chat.example'

afterAll(stopServers)

test.each(['PostgreSQL', 'PgBouncer'])(
  'U61: two processes over %s share the pace of their refreshes, and its Retry-After, by its clock',
  async (through) => {
    const database = await databaseServer()
    const { port } = through === 'PgBouncer' ? await transactionPooler(database.port) : database
    // Of what the processes believe of the time nothing depends.
    const clocks = [fakeClock(0), fakeClock(9_000_000_000_000)]
    const stores = clocks.map((clock) => {
      const pool = new pg.Pool({ host: '127.0.0.1', port, user: 'postgres', database: 'postgres', max: 5 })
      onTestFinished(() => pool.end())
      return {
        pool,
        clock,
        store: postgresServerStore({ client: pool, clock }) as ServerStore & { now(): Promise<number> },
      }
    })
    await stores[0]?.pool.query(createTableSql())
    const [one, two] = stores.map(({ store, clock }) => sharedPaces(store, clock)) as [
      ReturnType<typeof sharedPaces>,
      ReturnType<typeof sharedPaces>,
    ]
    one.learn(ORIGIN, { kind: 'refused', cause: 'limited', retryAfterMs: 60_000 }, 0)
    expect(await one.enter(ORIGIN, 'first', true)).toBeGreaterThan(50_000)
    const waits = await Promise.all(
      Array.from({ length: 60 }, (_, n) => (n % 2 ? one : two).enter(ORIGIN, `${n}`, false)),
    )
    // None is lost, whoever was faster.
    expect(new Set(waits).size).toBe(60)
    expect(Math.min(...waits)).toBeGreaterThan(50_000)
    const entry = await stores[1]?.store.read(`pace ${ORIGIN}`)
    const { queueAt, closedUntil, rate } = JSON.parse(entry?.value ?? '{}') as Record<string, number>
    // A place for each at one in two seconds, behind what the limiter has told.
    expect(rate).toBe(0.5)
    expect((queueAt as number) - (closedUntil as number)).toBeGreaterThan(60 * 1_900)
  },
)
