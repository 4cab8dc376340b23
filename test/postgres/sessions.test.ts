import pg from 'pg'
import { afterAll, onTestFinished, test } from 'vitest'
import { createTableSql, postgresServerStore } from 'xstate-session/postgres'
import { faultyWay, holdsUnderFaults } from '../server/underFaults.ts'
import { databaseServer, stopServers } from './databaseServer.ts'

const STATEMENT_MS = 300

afterAll(stopServers)

/** A process whose statements go a way that may fail. */
function faulty(pool: pg.Pool) {
  const { due, through } = faultyWay(2 * STATEMENT_MS)
  const client = {
    query: (text: string, values: unknown[]) => through(() => pool.query(text, values)),
  }
  return {
    due,
    options: () => ({ store: postgresServerStore({ client, statementTimeoutMs: STATEMENT_MS }) }),
  }
}

test('I20: whatever PostgreSQL does, no token is sent twice, nothing comes back, nobody gets somebody else', async () => {
  const { url } = await databaseServer()
  const pool = new pg.Pool({ connectionString: url })
  onTestFinished(() => pool.end())
  await pool.query(createTableSql())
  await holdsUnderFaults([faulty(pool), faulty(pool)])
}, 240_000)
