import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { createClient } from 'redis'
import { FLIGHT } from '../../src/redis/flightScript.ts'
import { LEDGER } from '../../src/redis/ledgerScript.ts'
import { rowOf } from '../../src/redis/ledgerText.ts'

/** A line of the log of a server. */
export interface LogLine {
  readonly type: string
  readonly session?: string
  readonly inside?: string
}

export interface Bff {
  readonly url: string
  /** Where its metrics are. */
  readonly inside: string
  readonly lines: readonly LogLine[]
  /** Kills it (SIGKILL) at a moment when no refresh of its own is in the air, and none is about to leave. */
  killBetweenRefreshes(store: Claims): Promise<void>
  /** Resolves to the exit code; `null` after a kill. */
  stop(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null>
}

/** What the processes share. */
export interface Claims {
  /** Whether a process has claimed a refresh token there, and not yet told what became of the token. */
  isClaimed(): Promise<boolean>
}

export interface Redis extends Claims {
  readonly url: string
}

/** Within this time a line of a log has gone through its pipe. */
const LOG_MS = 50
/** The row of a flight, as the coordinator keeps it. */
const ROW = `${LEDGER}${FLIGHT} return flightOf(redis.call('GET', KEYS[1])).row`

const children = new Set<ChildProcess>()

/** Ends what was started here and still runs. */
export function killAll(): void {
  for (const child of children) child.kill('SIGKILL')
}

/** A port that was free a moment ago, below those that the system gives to connections: it has to stay free. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 10_000)
    const server = createServer().listen(port, '127.0.0.1')
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('listening', () => resolve(true))
      server.once('error', () => resolve(false))
    })
    if (!isFree) continue
    server.close()
    await once(server, 'close')
    return port
  }
}

/** Starts `bff.ts`; resolves when it listens. `print` gets its log as it is. */
export async function startBff(
  port: number,
  env: Readonly<Record<string, string>>,
  print: (line: string) => void = () => {},
): Promise<Bff> {
  const file = fileURLToPath(new URL('bff.ts', import.meta.url))
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', file], {
    env: { ...process.env, PORT: `${port}`, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  track(child)
  const lines: LogLine[] = []
  const log = createInterface(child.stdout)
  const inside = await new Promise<string>((resolve, reject) => {
    child.once('exit', () => reject(new Error('the server did not start: see above')))
    log.on('line', (text) => {
      print(text)
      const line = JSON.parse(text) as LogLine
      lines.push(line)
      if (line.type === 'listening') resolve(line.inside ?? '')
    })
  })
  async function stop(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null> {
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
    const gone = once(child, 'exit')
    child.kill(signal)
    await gone
    return child.exitCode
  }

  return {
    url: `http://127.0.0.1:${port}`,
    inside,
    lines,
    stop,
    async killBetweenRefreshes(store) {
      for (;;) {
        // A stopped process sends nothing: its log and the store, read meanwhile, say all that it has done.
        child.kill('SIGSTOP')
        await sleep(LOG_MS)
        if (!isRefreshing(lines) && !(await store.isClaimed())) break
        child.kill('SIGCONT')
        await sleep(LOG_MS)
      }
      await stop('SIGKILL')
    },
  }
}

function isRefreshing(lines: readonly LogLine[]): boolean {
  const flying = new Set<string>()
  for (const { type, session = '' } of lines)
    if (type === 'refreshSent') flying.add(session)
    else if (/^(refreshed|refreshDeferred|expired|loggedOut)$/.test(type)) flying.delete(session)
  return flying.size > 0
}

/** Starts a Redis of its own in `folder`. */
export async function startRedis(folder: string): Promise<Redis> {
  const port = await freePort()
  const options = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', folder, '--save', '']
  const child = spawn(
    'redis-server',
    [...options, '--appendonly', 'yes', '--maxmemory-policy', 'noeviction'],
    {
      stdio: 'ignore',
    },
  )
  track(child)
  const failed = once(child, 'error').then(() => {
    throw new Error('redis-server could not be started: npm run setup installs it.')
  })
  failed.catch(() => {})
  await Promise.race([failed, answers(port)])
  const url = `redis://127.0.0.1:${port}`
  return {
    url,
    async isClaimed() {
      const client = await createClient({ url }).connect()
      const flights = await client.keys('*flight:*')
      const rows = await Promise.all(flights.map((key) => client.eval(ROW, { keys: [key] })))
      client.destroy()
      return rows.some((row) => rowOf(String(row)).openUntil !== undefined)
    },
  }
}

async function answers(port: number): Promise<void> {
  for (let tries = 0; tries < 500; tries++) {
    const socket = connect(port, '127.0.0.1')
    const isOpen = await once(socket, 'connect').then(
      () => true,
      () => false,
    )
    socket.destroy()
    if (isOpen) return
    await sleep(10)
  }
  throw new Error('redis-server does not answer.')
}

/** Has `killAll` end it, too. */
export function track(child: ChildProcess): void {
  children.add(child)
  child.once('exit', () => children.delete(child))
}
