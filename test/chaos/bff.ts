/** One process under test. The environment says where everything is; what it stored, it tells its parent. */
import { AsyncLocalStorage } from 'node:async_hooks'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import pg from 'pg'
import { createClient } from 'redis'
import { type Clock, systemClock } from '../../src/base/clock.ts'
import { toNodeListener } from '../../src/node/toNodeListener.ts'
import { postgresServerStore } from '../../src/postgres/postgresServerStore.ts'
import { redisCoordinator } from '../../src/redis/redisCoordinator.ts'
import { redisServerStore } from '../../src/redis/redisServerStore.ts'
import { librechatServer } from '../server/librechatServer.ts'
import { type Dedupe, handmade } from './handmade.ts'

const {
  BACKEND = '',
  BROWSER_BACKEND = '',
  PUBLIC_URL = '',
  STORE_URL = '',
  OFFSET_MS = '0',
  SECRET = '',
  SERVER = 'ours',
  STORE = 'redis',
} = process.env
const times = { leadTimeMs: 12_000, attemptTimeoutMs: 4_000 }
const clock: Clock = { ...systemClock, wall: () => systemClock.wall() + Number(OFFSET_MS) }
/** The number of the session that a piece of work began for: also of what outlives its request. */
const working = new AsyncLocalStorage<string>()

/**
 * The session of each key, as the first request that reads or writes the key says. Later work may run in the context of
 * another session: a shared pace wakes waiting refreshes in one go.
 */
const sessionOf = new Map<string, string>()
const told = new Map<string, number>()
/** That a revision is stored: written here, or found. */
function tell(key: string, revision: number): void {
  // The pace is of no session.
  if (key.startsWith('pace ') || told.get(key) === revision) return
  told.set(key, revision)
  const session = sessionOf.get(key) ?? working.getStore() ?? ''
  sessionOf.set(key, session)
  process.send?.({ stored: { session, key, revision, at: Date.now() } })
}

async function redisClient() {
  const client = createClient({ url: STORE_URL, socket: { reconnectStrategy: () => 100 } })
  client.on('error', () => {})
  await client.connect()
  return client
}

async function inRedis() {
  const client = await redisClient()
  return {
    store: redisServerStore({ client, replicas: 1 }),
    coordinator: redisCoordinator({ client, secret: SECRET, attemptTimeoutMs: 8_000 }),
  }
}

function inPostgres() {
  const client = new pg.Pool({ connectionString: STORE_URL, max: 20, connectionTimeoutMillis: 1_000 })
  client.on('error', () => {})
  async function listen() {
    const own = new pg.Client({ connectionString: STORE_URL })
    // The store hears of it, too.
    own.on('error', () => {})
    await own.connect()
    return own
  }
  return { store: postgresServerStore({ client, listen, statementTimeoutMs: 500 }) }
}

async function ours() {
  const { store, ...coordination } = STORE === 'postgres' ? inPostgres() : await inRedis()
  return librechatServer({
    cookieName: 'session',
    ...times,
    baseUrl: BACKEND,
    browserBaseUrl: BROWSER_BACKEND,
    // Each process has a wire of its own to it.
    identity: 'the backend',
    publicUrl: PUBLIC_URL,
    secrets: [SECRET],
    ...coordination,
    clock,
    patienceMs: 2_000,
    rateLimit: false,
    observe: (notice) => {
      if (notice.type === 'refreshed' || notice.type === 'login') return
      const { session: _, ...rest } = { session: '', ...notice }
      const text = Object.values(rest).join(' ')
      process.send?.({ notice: { session: working.getStore() ?? '', at: Date.now(), text } })
    },
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
  }).handle
}

const handle: Awaited<ReturnType<typeof ours>> =
  SERVER === 'ours'
    ? await ours()
    : handmade({
        ...times,
        dedupe: SERVER as Dedupe,
        backend: BACKEND,
        browserBackend: BROWSER_BACKEND,
        publicUrl: PUBLIC_URL,
        redis: await redisClient(),
        now: clock.wall,
        numberOf: () => working.getStore() ?? '',
        onStored: tell,
      })

const numbered: typeof handle = (request, info) =>
  working.run(request.headers.get('x-session-number') ?? '', () => handle(request, info))
const listener = createServer(toNodeListener(numbered, { origin: new URL(PUBLIC_URL).origin }))
listener.listen(0, '127.0.0.1', () => {
  process.send?.({ port: (listener.address() as AddressInfo).port })
})

const BEAT_MS = 100
const STALL_MS = 500
let beat = performance.now()
/** How long nothing else could run here, whoever's fault that was. */
setInterval(() => {
  const lateMs = performance.now() - beat - BEAT_MS
  beat = performance.now()
  if (lateMs > STALL_MS) process.send?.({ stall: { at: Date.now() - lateMs, until: Date.now() } })
}, BEAT_MS)
process.once('disconnect', () => process.exit())
