import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

type Stop = () => Promise<void>
const running = new Set<Stop>()

/** For `afterAll`: a test that fails leaves its servers running. */
export async function stopServers(): Promise<void> {
  for (const stop of running) await stop()
}

/** A real Redis for a test, empty, on a port of its own. */
export const storeServer = (...args: string[]) => launched(() => ['--save', '', ...args])

/** A real Sentinel, which watches nobody yet. */
export const sentinelServer = () =>
  launched((folder) => {
    const file = join(folder, 'sentinel.conf')
    writeFileSync(file, '')
    return [file, '--sentinel']
  })

async function launched(argsIn: (folder: string) => string[]) {
  const folder = mkdtempSync(join(tmpdir(), 'redis-'))
  const port = await freePort()
  const child = spawn(
    'redis-server',
    [...argsIn(folder), '--port', `${port}`, '--bind', '127.0.0.1', '--dir', folder],
    { stdio: 'ignore' },
  )
  async function stop() {
    running.delete(stop)
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
    rmSync(folder, { recursive: true, force: true })
  }
  running.add(stop)
  const failed = once(child, 'error').then(([error]) => Promise.reject(error))
  failed.catch(() => {})
  await Promise.race([failed, answers(port)])
  return {
    port,
    kill: (signal: NodeJS.Signals) => child.kill(signal),
    stop,
  }
}

async function answers(port: number) {
  for (let tries = 0; tries < 500; tries++) {
    const socket = connect(port, '127.0.0.1')
    try {
      await once(socket, 'connect')
      return
    } catch {
      await sleep(10)
    } finally {
      socket.destroy()
    }
  }
  throw new Error('redis-server does not start')
}

/** Stands between a client and `port`: swallows what Redis answers while `isDeaf`, and what it is told while `isMute`. */
export async function lossyProxy(port: number) {
  const state = { isDeaf: false, isMute: false, port: 0, target: port }
  const sockets = new Set<Socket>()
  const server = createServer((near) => {
    const far = connect(state.target, '127.0.0.1')
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', () => {})
    }
    near.on('data', (chunk) => state.isMute || far.write(chunk))
    far.on('data', (chunk) => state.isDeaf || near.write(chunk))
    near.on('close', () => far.destroy())
    far.on('close', () => near.destroy())
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  state.port = (server.address() as AddressInfo).port
  const cut = () => {
    for (const socket of sockets) socket.destroy()
  }
  return Object.assign(state, {
    cut,
    stop() {
      cut()
      server.close()
    },
  })
}

/** Two Redis servers, the second a replica of the first over a link that can be cut open, and a way to the primary. */
export async function storePair(...args: string[]) {
  const first = await storeServer(...args)
  const link = await lossyProxy(first.port)
  const second = await storeServer('--replicaof', '127.0.0.1', `${link.port}`, '--replica-read-only', 'yes')
  const way = await lossyProxy(first.port)
  return {
    port: way.port,
    primary: first.port,
    replica: second.port,
    /** From now on the replica learns nothing, and nobody is told. */
    blackHole() {
      link.isDeaf = true
      link.isMute = true
    },
    /** The replica is told again, of all that it has missed too. */
    mend() {
      link.isDeaf = false
      link.isMute = false
      link.cut()
    },
    /** The replica takes over with what it has: `command` speaks to it. */
    async failOver(command: (port: number, ...words: string[]) => Promise<unknown>) {
      await command(second.port, 'REPLICAOF', 'NO', 'ONE')
      way.target = second.port
      way.cut()
    },
    async stop() {
      link.stop()
      way.stop()
      await first.stop()
      await second.stop()
    },
  }
}
