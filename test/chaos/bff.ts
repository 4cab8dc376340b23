/** One process under test. The environment says where everything is; what it stored, it tells its parent. */
import { AsyncLocalStorage } from 'node:async_hooks'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createClient } from 'redis'
import { redisCoordinator } from '../../src/coordination/redis.ts'
import { createSessionServer } from '../../src/server/createSessionServer.ts'
import { toNodeListener } from '../../src/server/node.ts'
import { type Clock, systemClock } from '../../src/session/clock.ts'
import { redisEntries } from '../../src/stores/redis.ts'

const {
  BACKEND = '',
  BROWSER_BACKEND = '',
  PUBLIC_URL = '',
  REDIS = '',
  OFFSET_MS = '0',
  SECRET = '',
} = process.env
const clock: Clock = { ...systemClock, wall: () => systemClock.wall() + Number(OFFSET_MS) }
const client = createClient({ url: REDIS, socket: { reconnectStrategy: () => 100 } })
client.on('error', () => {})
await client.connect()
const store = redisEntries({ client })
/** The number of the session that a piece of work began for: also of what outlives its request. */
const working = new AsyncLocalStorage<string>()

const told = new Map<string, number>()
/** That a revision is stored: written here, or found. */
function tell(key: string, revision: number): void {
  if (told.get(key) === revision) return
  told.set(key, revision)
  process.send?.({ stored: { session: working.getStore() ?? '', revision, at: Date.now() } })
}

const server = createSessionServer({
  baseUrl: BACKEND,
  browserBaseUrl: BROWSER_BACKEND,
  publicUrl: PUBLIC_URL,
  secrets: [SECRET],
  coordinator: redisCoordinator({ client, secret: SECRET, attemptTimeoutMs: 8_000 }),
  clock,
  leadTimeMs: 2_000,
  patienceMs: 2_000,
  attemptTimeoutMs: 4_000,
  pace: false,
  // The number of the session, as the client says it: the judge follows it to the backend.
  forwardClientIp: (request) => request.headers.get('x-session-number') ?? undefined,
  store: {
    ...store,
    async read(key) {
      const found = await store.read(key)
      if (found) tell(key, found.revision)
      return found
    },
    async compareAndSet(key, expected, next) {
      const done = await store.compareAndSet(key, expected, next)
      if (done !== null) tell(key, done)
      return done
    },
  },
})

const handle: typeof server.handle = (request, info) =>
  working.run(request.headers.get('x-session-number') ?? '', () => server.handle(request, info))
const listener = createServer(toNodeListener(handle, { origin: new URL(PUBLIC_URL).origin }))
listener.listen(0, '127.0.0.1', () => {
  process.send?.({ port: (listener.address() as AddressInfo).port })
})
process.once('disconnect', () => process.exit())
