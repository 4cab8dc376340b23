import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../examples/demo/freePort.ts'

/** A real Redis with a replica, and the way to whichever of them is the primary. */
export async function startRedisPair() {
  const folder = mkdtempSync(join(tmpdir(), 'chaos-redis-'))
  const nodes: { port: number; child: ChildProcess; folder: string }[] = []

  async function launch(port: number, name: string, ...more: string[]) {
    const child = spawn(
      'redis-server',
      // Confirmed is on disk: a kill loses nothing.
      [
        '--port',
        `${port}`,
        '--bind',
        '127.0.0.1',
        '--dir',
        folder,
        '--appendonly',
        'yes',
        '--appendfsync',
        'always',
        '--appenddirname',
        name,
        '--save',
        '',
        '--repl-diskless-sync-delay',
        '0',
        ...more,
      ],
      { stdio: 'ignore' },
    )
    await answers(port)
    return child
  }

  for (const name of ['first', 'second']) {
    const port = await freePort(0)
    nodes.push({ port, folder: name, child: await launch(port, name) })
  }
  const [first, second] = nodes as [(typeof nodes)[number], (typeof nodes)[number]]
  let primary = first
  let replica = second
  await command(replica.port, 'REPLICAOF', '127.0.0.1', `${primary.port}`)

  const sockets = new Set<Socket>()
  const way = { isCut: false, delayMs: 0 }
  const server = createServer((near) => {
    if (way.isCut) return void near.destroy()
    const far = connect(primary.port, '127.0.0.1')
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        sockets.delete(socket)
        near.destroy()
        far.destroy()
      })
    }
    near.on('data', async (chunk) => {
      if (way.delayMs) {
        near.pause()
        await sleep(way.delayMs)
        near.resume()
      }
      if (!far.destroyed) far.write(chunk)
    })
    far.pipe(near)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')

  const cut = () => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`,
    freeze: () => void primary.child.kill('SIGSTOP'),
    thaw: () => void primary.child.kill('SIGCONT'),
    cut() {
      way.isCut = true
      cut()
    },
    mend() {
      way.isCut = false
    },
    slow(ms: number) {
      way.delayMs = ms
    },
    empty: () => command(primary.port, 'FLUSHALL'),
    async kill() {
      primary.child.kill('SIGKILL')
      await once(primary.child, 'exit')
    },
    async restart() {
      primary.child = await launch(primary.port, primary.folder)
    },
    /** The replica takes over with what it has; the primary follows it from then on. */
    async failOver() {
      ;[primary, replica] = [replica, primary]
      await command(primary.port, 'REPLICAOF', 'NO', 'ONE')
      cut()
      await command(replica.port, 'REPLICAOF', '127.0.0.1', `${primary.port}`)
    },
    close() {
      cut()
      server.close()
      for (const { child } of nodes) child.kill('SIGKILL')
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

async function answers(port: number): Promise<void> {
  for (let tries = 0; tries < 500; tries++) {
    try {
      if ((await command(port, 'PING')).startsWith('+PONG')) return
    } catch {
      // Not yet.
    }
    await sleep(20)
  }
  throw new Error('redis-server does not start. Is it installed? npm run setup')
}

async function command(port: number, ...words: string[]): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    socket.write(`*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`)
    const [chunk] = (await once(socket, 'data')) as [Buffer]
    return chunk.toString()
  } finally {
    socket.destroy()
  }
}
