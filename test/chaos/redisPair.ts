import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../examples/demo/freePort.ts'
import type { StorePair } from './storePair.ts'
import { until } from './until.ts'
import { startWay } from './way.ts'

const ABSENT = 'redis-server does not start, or does not follow. Is it installed? npm run setup'

/** A real Redis with a replica, and the way to whichever of them is the primary. */
export async function startRedisPair(): Promise<StorePair> {
  const folder = mkdtempSync(join(tmpdir(), 'chaos-redis-'))
  const nodes: { port: number; child: ChildProcess; folder: string }[] = []

  async function launch(port: number, name: string, ...more: string[]) {
    const child = spawn(
      'redis-server',
      // Written before it is confirmed, so that a kill loses nothing; a disk that is slow is not what is tried here.
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
        'no',
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
  /** The ways of the processes, and of the replica, to whichever is the primary. */
  const clients = await startWay(() => primary.port)
  const replication = await startWay(() => primary.port)
  const follow = (port: number) => command(port, 'REPLICAOF', '127.0.0.1', `${replication.port}`)
  await follow(replica.port)

  return {
    url: `redis://127.0.0.1:${clients.port}`,
    freeze: () => void primary.child.kill('SIGSTOP'),
    thaw: () => void primary.child.kill('SIGCONT'),
    cut() {
      clients.isCut = true
      clients.cut()
    },
    mend() {
      clients.isCut = false
    },
    slow(ms: number) {
      clients.delayMs = ms
    },
    empty: () => command(primary.port, 'FLUSHALL'),
    async kill() {
      primary.child.kill('SIGKILL')
      await once(primary.child, 'exit')
    },
    async restart() {
      primary.child = await launch(primary.port, primary.folder)
    },
    /** The replica takes over with what it has got until `behindMs` ago; the primary follows it from then on. */
    async failOver(behindMs: number) {
      await until(
        async () => (await command(replica.port, 'INFO', 'replication')).includes('link_status:up'),
        ABSENT,
      )
      replication.isHeld = true
      await sleep(behindMs)
      ;[primary, replica] = [replica, primary]
      await command(primary.port, 'REPLICAOF', 'NO', 'ONE')
      clients.cut()
      // What was held is lost.
      replication.cut()
      replication.isHeld = false
      await follow(replica.port)
    },
    close() {
      clients.close()
      replication.close()
      for (const { child } of nodes) child.kill('SIGKILL')
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

async function answers(port: number): Promise<void> {
  await until(async () => (await command(port, 'PING').catch(() => '')).startsWith('+PONG'), ABSENT)
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
