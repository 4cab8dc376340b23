import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { freePort } from '../../examples/demo/freePort.ts'
import { type Postgres, startPostgres } from '../../examples/server/startPostgres.ts'
import { createTableSql } from '../../src/postgres/createTableSql.ts'
import type { StorePair } from './storePair.ts'
import { until } from './until.ts'
import { startWay } from './way.ts'

/** A write counts when the standby has it, and a standby looks for its primary as often as a Redis does. */
const SETTINGS = [
  "synchronous_standby_names = '*'",
  "wal_retrieve_retry_interval = '100ms'",
  'max_connections = 200',
]

/** A real PostgreSQL with a synchronous standby, and the way to whichever of them is the primary. */
export async function startPostgresPair(): Promise<StorePair> {
  const folder = mkdtempSync(join(tmpdir(), 'chaos-postgres-'))
  const nodes = new Set<Postgres>()
  async function start(primaryPort?: number) {
    const more = primaryPort === undefined ? {} : { primaryPort }
    const node = await startPostgres({ folder, port: await freePort(0), settings: SETTINGS, ...more })
    nodes.add(node)
    return node
  }
  let primary = await start()
  /** The ways of the processes, and of the standby, to whichever is the primary. */
  const clients = await startWay(() => primary.port)
  const replication = await startWay(() => primary.port)
  let standby = await start(replication.port)
  await follows()
  await query(primary, createTableSql())

  async function follows() {
    await until(
      async () => (await query(primary, 'SELECT 1 FROM pg_stat_replication').catch(() => [])).length > 0,
      'The standby does not follow.',
    )
  }

  return {
    url: `postgres://postgres@127.0.0.1:${clients.port}/postgres`,
    freeze: () => signal(primary, 'SIGSTOP'),
    thaw: () => signal(primary, 'SIGCONT'),
    cut() {
      clients.isCut = true
      clients.cut()
    },
    mend() {
      clients.isCut = false
    },
    slow(ms) {
      clients.delayMs = ms
    },
    empty: () => query(primary, 'TRUNCATE xstate_sessions'),
    kill: () => primary.kill(),
    restart: () => primary.restart(),
    async failOver(behindMs) {
      await follows()
      replication.isHeld = true
      await sleep(behindMs)
      const old = primary
      await query(standby, 'SELECT pg_promote()')
      primary = standby
      clients.cut()
      // What was held is lost.
      replication.cut()
      replication.isHeld = false
      await old.kill()
      nodes.delete(old)
      standby = await start(replication.port)
      await follows()
    },
    close() {
      clients.close()
      replication.close()
      const ended = [...nodes].map((node) => {
        signal(node, 'SIGCONT')
        return node.kill()
      })
      void Promise.all(ended).then(() => rmSync(folder, { recursive: true, force: true }))
    },
  }
}

/** It and all that it has started: no new one is started while it stands still itself. */
function signal(node: Postgres, name: 'SIGSTOP' | 'SIGCONT') {
  const pid = node.pid()
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')
    for (const each of [pid, ...children.map(Number)]) if (each > 0) process.kill(each, name)
  } catch {
    // Some of them have ended meanwhile.
  }
}

async function query({ port }: Postgres, text: string): Promise<unknown[]> {
  const client = new pg.Client({ host: '127.0.0.1', port, user: 'postgres', database: 'postgres' })
  client.on('error', () => {})
  await client.connect()
  try {
    return (await client.query(text)).rows
  } finally {
    await client.end()
  }
}
