/**
 * What each store of a server takes for so many sessions, and what it does a second: for docs/operations.md, Sizing.
 *
 *   node bench/sizing.ts [memory|sqlite|redis|postgres …] [--sessions 10000,100000,1000000] [--publish]
 *
 * Without names it measures all of them, each in a process of its own, and writes a page to look at; `--publish`: to
 * `docs/runs`. The entries are as long as those of a session with OpenID tokens. A store is filled by 64 at once, and asked as often.
 */
import { fork, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import pg from 'pg'
import { createClient } from 'redis'
import { createTableSql, postgresServerStore } from 'xstate-session/postgres'
import { redisServerStore } from 'xstate-session/redis'
import { memoryServerStore, type ServerStore } from 'xstate-session/server'
import { sqliteServerStore } from 'xstate-session/sqlite'
import { startPostgres } from '../examples/server/startPostgres.ts'
import { keepRun } from '../test/runs/keepRun.ts'
import { startSteps } from '../test/runs/startSteps.ts'
import { type Sized, sizingPage } from './lib/sizingPage.ts'

/** Of a session with a bearer of 700 characters and a refresh token of 500. */
const VALUE_CHARS = 2_130
const AT_ONCE = 64
const READS = 20_000

interface Filled {
  readonly store: ServerStore
  /** What it takes, in bytes. */
  bytes(): number | Promise<number>
  stop(): void | Promise<void>
}

const stores: Record<string, () => Promise<Filled>> = {
  async memory() {
    return {
      store: memoryServerStore(),
      bytes() {
        globalThis.gc?.()
        return process.memoryUsage().heapUsed
      },
      stop() {},
    }
  },
  async sqlite() {
    const folder = mkdtempSync(join(tmpdir(), 'sizing-'))
    const store = sqliteServerStore({ path: join(folder, 'sessions.db') })
    return {
      store,
      bytes: () => readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0),
      stop() {
        store.close()
        rmSync(folder, { recursive: true })
      },
    }
  },
  async redis() {
    const port = await freePort()
    const child = spawn('redis-server', ['--port', `${port}`, '--bind', '127.0.0.1', '--save', ''], {
      stdio: 'ignore',
    })
    const client = createClient({ socket: { port, host: '127.0.0.1', reconnectStrategy: () => 50 } })
    client.on('error', () => {})
    await client.connect()
    return {
      store: redisServerStore({ client, commandTimeoutMs: 10_000 }),
      async bytes() {
        const info = String(await client.sendCommand(['INFO', 'memory']))
        return Number(/used_memory:(\d+)/.exec(info)?.[1])
      },
      async stop() {
        client.destroy()
        child.kill()
        await once(child, 'exit')
      },
    }
  },
  async postgres() {
    const folder = mkdtempSync(join(tmpdir(), 'sizing-'))
    const port = await freePort()
    const server = await startPostgres({ folder, port })
    const pool = new pg.Pool({ host: '127.0.0.1', port, user: 'postgres', max: 16 })
    pool.on('error', () => {})
    await pool.query(createTableSql())
    const store = postgresServerStore({ client: pool, statementTimeoutMs: 60_000 })
    return {
      store,
      async bytes() {
        const { rows } = await pool.query('select pg_database_size(current_database()) as bytes')
        return Number(rows[0].bytes)
      },
      async stop() {
        await store.close()
        await pool.end()
        await server.kill()
        rmSync(folder, { recursive: true, force: true })
      },
    }
  },
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as { port: number }
  probe.close()
  await once(probe, 'close')
  return port
}

const key = (n: number) => String(n).padStart(43, 'k')

/** Calls `task` for each number below `count`, so many at once; what it does a second. */
async function perSecond(count: number, task: (n: number) => Promise<unknown>): Promise<number> {
  let next = 0
  const start = performance.now()
  const lane = async () => {
    while (next < count) await task(next++)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, lane))
  return Math.round((count * 1_000) / (performance.now() - start))
}

async function measure(name: string, counts: readonly number[]): Promise<void> {
  const { store, bytes, stop } = await (stores[name] as () => Promise<Filled>)()
  const empty = await bytes()
  let filled = 0
  for (const count of counts) {
    const first = filled
    const writes = await perSecond(count - first, (n) =>
      store.compareAndSet(key(first + n), null, {
        value: randomBytes((VALUE_CHARS * 3) / 4).toString('base64url'),
        expiresAt: Date.now() + 604_800_000,
        tags: [String(first + n).padStart(22, 't')],
      }),
    )
    filled = count
    process.send?.({ doing: `${name}, ${count} sessions are there` })
    const reads = await perSecond(READS, (n) => store.read(key((n * 7_919) % count)))
    const each = Math.round(((await bytes()) - empty) / count)
    console.log(`| ${name} | ${count} | ${each} B | ${writes} | ${reads} |`)
    process.send?.({
      sized: { store: name, sessions: count, bytesEach: each, writes, reads } satisfies Sized,
    })
  }
  await stop()
}

/** In a process of its own, which can count its memory. */
async function measureApart(name: string, note: (doing: string) => void): Promise<Sized[]> {
  const child = fork(import.meta.filename, [name, '--sessions', values.sessions], {
    execArgv: ['--expose-gc', '--max-old-space-size=8192'],
  })
  const found: Sized[] = []
  child.on('message', ({ doing, sized }: { readonly doing?: string; readonly sized?: Sized }) => {
    if (doing) note(doing)
    if (sized) found.push(sized)
  })
  const [code] = await once(child, 'exit')
  if (code !== 0) throw new Error(`${name}: its process ended with ${code}.`)
  return found
}

const { values, positionals } = parseArgs({
  options: {
    sessions: { type: 'string', default: '10000,100000,1000000' },
    publish: { type: 'boolean', default: false },
  },
  allowPositionals: true,
})
const counts = values.sessions.split(',').map(Number)
if (positionals.length === 0) {
  console.log(
    '| store | sessions | takes, each | writes a second | reads a second |\n| --- | ---: | ---: | ---: | ---: |',
  )
  const names = Object.keys(stores)
  const steps = startSteps('sizing', names, { unit: 'stores' })
  const sized: Sized[] = []
  for (const name of names) sized.push(...(await steps.take(name, () => measureApart(name, steps.note))))
  steps.end()
  const isUsual = values.sessions === '10000,100000,1000000'
  const command = `node bench/sizing.ts${isUsual ? '' : ` --sessions ${values.sessions}`}`
  keepRun('sizing', sizingPage(sized, command), values.publish)
} else for (const name of positionals) await measure(name, counts)
