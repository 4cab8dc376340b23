import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { freePort } from '../../examples/demo/freePort.ts'
import { type PostgresSetup, startPostgres } from '../../examples/server/startPostgres.ts'

const running = new Set<() => Promise<void>>()

/** For `afterAll`: a test that fails leaves its servers running. */
export async function stopServers(): Promise<void> {
  for (const stop of running) await stop()
}

/** A real PostgreSQL for a test, on a port of its own. */
export async function databaseServer(setup: Partial<PostgresSetup> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'postgres-'))
  const server = await startPostgres({ folder, port: await freePort(0), ...setup })
  async function stop() {
    running.delete(stop)
    await server.kill()
    rmSync(folder, { recursive: true, force: true })
  }
  running.add(stop)
  return { ...server, stop }
}

/** A PgBouncer that hands its connections out for one transaction each. */
export async function transactionPooler(databasePort: number) {
  const folder = mkdtempSync(join(tmpdir(), 'pgbouncer-'))
  const port = await freePort(0)
  const file = join(folder, 'pgbouncer.ini')
  writeFileSync(
    file,
    `[databases]
* = host=127.0.0.1 port=${databasePort}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 3
ignore_startup_parameters = extra_float_digits
`.replace('* = host', 'postgres = user=postgres host'),
  )
  chmodSync(folder, 0o755)
  const isRoot = process.getuid?.() === 0
  const child = spawn('pgbouncer', [...(isRoot ? ['-u', 'postgres'] : []), file], {
    stdio: 'ignore',
    env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` },
  })
  async function stop() {
    running.delete(stop)
    if (child.exitCode === null && child.signalCode === null) {
      const gone = once(child, 'exit')
      child.kill('SIGKILL')
      await gone
    }
    rmSync(folder, { recursive: true, force: true })
  }
  running.add(stop)
  const failed = once(child, 'error').then(([error]) => Promise.reject(error))
  failed.catch(() => {})
  await Promise.race([failed, answers(port)])
  return { port, stop }
}

async function answers(port: number): Promise<void> {
  for (let tries = 0; tries < 500; tries++) {
    const client = new pg.Client({ host: '127.0.0.1', port, user: 'postgres', database: 'postgres' })
    client.on('error', () => {})
    try {
      await client.connect()
      await client.query('SELECT 1')
      return
    } catch {
      await sleep(20)
    } finally {
      await client.end().catch(() => {})
    }
  }
  throw new Error('PgBouncer does not start')
}
