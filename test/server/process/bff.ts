/**
 * One server, as a process of its own, for tests that end it: `BACKEND`, `DATABASE` and `DIE` say where and when, and
 * `LATER_MS` how far its clock is ahead. It prints its port, listens until it is told to stop, and drains on SIGTERM.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Clock, systemClock } from '../../../src/base/clock.ts'
import { toNodeListener } from '../../../src/node/toNodeListener.ts'
import { sqliteServerStore } from '../../../src/sqlite/sqliteServerStore.ts'
import { librechatServer } from '../librechatServer.ts'

const { BACKEND = '', DATABASE = '', DIE, LATER_MS = '0' } = process.env
const clock: Clock = { ...systemClock, wall: () => systemClock.wall() + Number(LATER_MS) }
const store = sqliteServerStore({ path: DATABASE, clock })
let writes = 0

const server = librechatServer({
  baseUrl: BACKEND,
  publicUrl: 'https://admin.example',
  secrets: ['a secret that is long enough for a test of this'],
  patienceMs: 500,
  clock,
  store: {
    ...store,
    async compareAndSet(key, expected, next) {
      // The writes of a refresh: its intent, then its commit.
      writes++
      if (DIE === 'beforeCommit' && writes === 2) process.kill(process.pid, 'SIGKILL')
      const done = await store.compareAndSet(key, expected, next)
      if (DIE === 'afterCommit' && writes === 2) process.kill(process.pid, 'SIGKILL')
      return done
    },
  },
})

const listener = createServer(toNodeListener(server.handle, { origin: 'https://admin.example' }))
listener.listen(0, '127.0.0.1', () => {
  console.log((listener.address() as AddressInfo).port)
})
process.once('SIGTERM', async () => {
  listener.close()
  await server.drain()
  store.close()
  process.exitCode = 0
  listener.closeAllConnections()
})
