import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import pg from 'pg'
import { track } from './processes.ts'

export interface PostgresSetup {
  /** Where its data are to be, in a folder of their own. */
  readonly folder: string
  readonly port: number
  /** Lines of `postgresql.conf`. */
  readonly settings?: readonly string[]
  /** Lines of `pg_hba.conf`, before those that trust everybody. */
  readonly access?: readonly string[]
  /** The port of the primary that it follows. */
  readonly primaryPort?: number
}

/** A PostgreSQL of its own, on loopback. */
export async function startPostgres(setup: PostgresSetup) {
  const { folder, port, settings = [], access = [], primaryPort } = setup
  const data = join(folder, `postgres-${port}`)
  mkdirSync(data)
  // Whoever it runs as has to get there.
  chmodSync(folder, 0o755)
  if (process.getuid?.() === 0) await promisify(execFile)('chown', ['postgres', data])
  chmodSync(data, 0o700)
  if (primaryPort === undefined) {
    const options = ['-U', 'postgres', '--auth=trust', '--no-sync', '--encoding=UTF8', '--locale=C']
    await run('initdb', '-D', data, ...options)
  } else {
    const from = ['-h', '127.0.0.1', '-p', `${primaryPort}`, '-U', 'postgres']
    await run('pg_basebackup', '-D', data, ...from, '-R', '-X', 'stream', '-c', 'fast', '--no-sync')
  }
  const trusted = ['all', 'replication'].map((what) => `host ${what} all 127.0.0.1/32 trust`)
  writeFileSync(join(data, 'pg_hba.conf'), [...access, ...trusted, ''].join('\n'))
  const lines = [
    `port = ${port}`,
    "listen_addresses = '127.0.0.1'",
    "unix_socket_directories = ''",
    // A disk that is slow, or forgets what it has confirmed, is not what is tried here.
    'fsync = off',
    'shared_buffers = 32MB',
    ...settings,
  ]
  appendFileSync(join(data, 'postgresql.conf'), `${lines.join('\n')}\n`)
  let child = launch(data)
  await answers(port)

  async function kill() {
    if (child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, 'exit')
    child.kill('SIGQUIT')
    await gone
  }
  return {
    port,
    /** The process that all others of it are children of. */
    pid: () => child.pid ?? 0,
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    /** Ends it at once, as a crash does. */
    kill,
    /** Starts it again on its data. */
    async restart() {
      child = launch(data)
      await answers(port)
    },
  }
}

export type Postgres = Awaited<ReturnType<typeof startPostgres>>

/** Debian keeps the programs of each version in a folder of its own; elsewhere they are in the path. */
const DEBIAN = '/usr/lib/postgresql'

/** It refuses to run as root, who has it run as `postgres`. */
function command(program: string): [string, string[]] {
  const [version] = existsSync(DEBIAN) ? readdirSync(DEBIAN).sort((a, b) => Number(b) - Number(a)) : []
  const file = version ? join(DEBIAN, version, 'bin', program) : program
  if (process.getuid?.() !== 0) return [file, []]
  return ['setpriv', ['--reuid=postgres', '--regid=postgres', '--clear-groups', file]]
}

async function run(program: string, ...args: string[]): Promise<void> {
  const [file, before] = command(program)
  try {
    await promisify(execFile)(file, [...before, ...args], { cwd: '/' })
  } catch (error) {
    throw new Error(`${program} failed; npm run setup installs PostgreSQL. ${(error as Error).message}`)
  }
}

function launch(data: string): ChildProcess {
  const [file, before] = command('postgres')
  const child = spawn(file, [...before, '-D', data], { stdio: 'ignore', cwd: '/' })
  track(child)
  return child
}

const START_MS = 30_000

async function answers(port: number): Promise<void> {
  for (const until = Date.now() + START_MS; Date.now() < until; await sleep(20)) {
    const client = new pg.Client({ host: '127.0.0.1', port, user: 'postgres', database: 'postgres' })
    client.on('error', () => {})
    try {
      await client.connect()
      return
    } catch {
      // Not yet.
    } finally {
      await client.end().catch(() => {})
    }
  }
  throw new Error('PostgreSQL does not start.')
}
