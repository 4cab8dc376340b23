import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { createClient } from 'redis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { redisServerStore } from 'xstate-session/redis'
import { serverStoreConformance } from 'xstate-session/testing'
import { Misconfigured } from '../../src/base/errors.ts'
import type { ServerStore } from '../../src/stores/serverStore.ts'
import { lossyProxy, stopServers, storeServer } from './storeServer.ts'

const expiresAt = Date.UTC(2100, 0)
const canary = 'CANARY-of-a-sealed-value'

let server: Awaited<ReturnType<typeof storeServer>>
beforeAll(async () => {
  server = await storeServer()
})
afterAll(stopServers)

async function nodeRedis(port: number) {
  const client = createClient({ socket: { port, host: '127.0.0.1' } })
  client.on('error', () => {})
  await client.connect()
  return client
}

const clients = {
  async 'node-redis'(port: number) {
    const client = await nodeRedis(port)
    return { client, close: () => client.destroy() }
  },
  async ioredis(port: number) {
    const client = new Redis(port, '127.0.0.1')
    client.on('error', () => {})
    return { client, close: () => client.disconnect() }
  },
}

const failure = async (call: Promise<unknown>): Promise<Error> => {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!(error instanceof Error)) throw new Error('It did not reject.')
  return error
}

/** All that a log may show of an error. */
const told = (error: Error) =>
  [String(error), error.stack, JSON.stringify(error), ...Object.values(error), error.cause].join(' ')

describe.each(Object.entries(clients))('redisServerStore over %s', (_, open) => {
  let prefixes = 0
  const suite = serverStoreConformance({
    lifeMs: 300,
    async create() {
      const [one, two] = [await open(server.port), await open(server.port)]
      const prefix = `${_}-${++prefixes}:`
      return {
        store: redisServerStore({ client: one.client, prefix }),
        other: redisServerStore({ client: two.client, prefix }),
        // The clock of Redis cannot be moved.
        advance: async (ms) => void (await sleep(ms + 20)),
        close() {
          one.close()
          two.close()
        },
      }
    },
  })
  for (const { name, run } of suite) test(name, run)

  test('one command a read, one a write; keys on one node, and all of them expire', async () => {
    const { client, close } = await open(server.port)
    const admin = await nodeRedis(server.port)
    const store = redisServerStore({ client, prefix: 'count:' })
    const next = { value: canary, expiresAt, tags: ['s'] }
    await store.compareAndSet('warm', null, next)
    await admin.sendCommand(['CONFIG', 'RESETSTAT'])
    await store.compareAndSet('k', null, next)
    await store.read('k')
    const stats = await admin.sendCommand(['INFO', 'commandstats'])
    expect(
      [...String(stats).matchAll(/cmdstat_(evalsha|eval|hmget):calls=(\d+)/g)]
        .map(([, a, b]) => `${a} ${b}`)
        .sort(),
    ).toEqual(['evalsha 1', 'hmget 1'])
    const keys = await admin.keys('{count:}*')
    expect(keys.sort()).toEqual(['{count:}entry:k', '{count:}entry:warm', '{count:}tag:s'])
    for (const key of keys) expect(await admin.pTTL(key)).toBeGreaterThan(1_000_000)
    admin.destroy()
    close()
  })

  test('the index of a tag forgets what has expired', async () => {
    const { client, close } = await open(server.port)
    const admin = await nodeRedis(server.port)
    const store = redisServerStore({ client, prefix: `index-${_}:` })
    const write = (key: string, until: number) =>
      store.compareAndSet(key, null, { value: 'x', expiresAt: until, tags: ['s'] })
    for (let i = 0; i < 20; i++) await write(`k${i}`, Date.now() + 100)
    await sleep(150)
    await write('last', expiresAt)
    expect(await admin.zRange(`{index-${_}:}tag:s`, 0, -1)).toEqual(['last'])
    admin.destroy()
    close()
  })

  test('goes on after Redis has forgotten its scripts', async () => {
    const { client, close } = await open(server.port)
    const admin = await nodeRedis(server.port)
    const store = redisServerStore({ client, prefix: `script-${_}:` })
    expect(await store.compareAndSet('k', null, { value: 'a', expiresAt })).toBe(1)
    await admin.scriptFlush()
    expect(await store.compareAndSet('k', 1, { value: 'b', expiresAt })).toBe(2)
    admin.destroy()
    close()
  })

  test('C22 a full Redis refuses clearly and loses nothing', async () => {
    const full = await storeServer('--maxmemory', '3mb', '--maxmemory-policy', 'noeviction')
    const { client, close } = await open(full.port)
    const store = redisServerStore({ client })
    const value = canary.repeat(1_000)
    const written: string[] = []
    let error: Error | undefined
    while (!error && written.length < 1_000) {
      const key = `k${written.length}`
      try {
        await store.compareAndSet(key, null, { value, expiresAt, tags: ['s'] })
        written.push(key)
      } catch (reason) {
        error = reason as Error
      }
    }
    expect(error?.message).toMatch(/it is full.*\(OOM\)/)
    expect(told(error as Error)).not.toContain('CANARY')
    expect(written.length).toBeGreaterThan(5)
    // A renewal is refused as well, and changes nothing. It is large: Redis may have freed some buffers meanwhile.
    const renewal = { value: value.repeat(50), expiresAt, tags: ['t'] }
    expect((await failure(store.compareAndSet('k0', 1, renewal))).message).toMatch(/OOM/)
    for (const key of written) expect(await store.read(key)).toEqual({ value, revision: 1 })
    expect((await store.keysOf('s')).toSorted()).toEqual(written.toSorted())
    expect(await store.keysOf('t')).toEqual([])
    close()
    await full.stop()
  })

  test('S3 a write whose acknowledgement is lost rejects in time, and is found by reading again', async () => {
    const proxy = await lossyProxy(server.port)
    const near = await open(proxy.port)
    const { client, close } = await open(server.port)
    const prefix = `ack-${_}:`
    const store = redisServerStore({ client: near.client, prefix, commandTimeoutMs: 200 })
    const other = redisServerStore({ client, prefix })
    expect(await store.compareAndSet('k', null, { value: 'a', expiresAt })).toBe(1)
    proxy.isDeaf = true
    const error = await failure(store.compareAndSet('k', 1, { value: canary, expiresAt }))
    expect(error.message).toMatch(/did not answer within 200 ms/)
    expect(told(error)).not.toContain('CANARY')
    // It was done: the same write once more does nothing, and its own value is there.
    expect(await other.compareAndSet('k', 1, { value: canary, expiresAt })).toBeNull()
    expect(await other.read('k')).toEqual({ value: canary, revision: 2 })
    near.close()
    proxy.stop()
    close()
  })

  test('S9 a replica that lags: what was decided by an old read is not written', async () => {
    const { client, close } = await open(server.port)
    const primary = redisServerStore({ client, prefix: `lag-${_}:` })
    let seen: Awaited<ReturnType<ServerStore['read']>> = null
    const lagging: ServerStore = { ...primary, read: async () => seen }
    await primary.compareAndSet('k', null, { value: 'a', expiresAt })
    // Nothing has come through yet.
    expect(await lagging.read('k')).toBeNull()
    expect(await lagging.compareAndSet('k', null, { value: 'mine', expiresAt })).toBeNull()
    seen = await primary.read('k')
    await primary.compareAndSet('k', 1, { value: 'b', expiresAt })
    const old = await lagging.read('k')
    expect(await lagging.compareAndSet('k', old?.revision ?? null, { value: 'mine', expiresAt })).toBeNull()
    expect(await primary.read('k')).toEqual({ value: 'b', revision: 2 })
    close()
  })

  test('a replica refuses writes, and the error says so', async () => {
    const replica = await storeServer('--replicaof', '127.0.0.1', `${server.port}`)
    const { client, close } = await open(replica.port)
    const store = redisServerStore({ client })
    const error = await failure(store.compareAndSet('k', null, { value: canary, expiresAt }))
    expect(error.message).toMatch(/primary|replica|loading/)
    expect(told(error)).not.toContain('CANARY')
    close()
    await replica.stop()
  })

  test('a Redis that hangs rejects in time; one that is gone rejects too', async () => {
    const own = await storeServer()
    const { client, close } = await open(own.port)
    const store = redisServerStore({ client, commandTimeoutMs: 100 })
    await store.compareAndSet('k', null, { value: 'a', expiresAt })
    own.kill('SIGSTOP')
    expect((await failure(store.read('k'))).message).toMatch(/within 100 ms/)
    own.kill('SIGCONT')
    expect(await store.read('k')).toEqual({ value: 'a', revision: 1 })
    await own.stop()
    const error = await failure(store.compareAndSet('k', 1, { value: canary, expiresAt }))
    expect(error.message).toMatch(/within 100 ms|could not be reached/)
    expect(told(error)).not.toContain('CANARY')
    close()
  })
})

test('a Redis that wants a password says what to do', async () => {
  const locked = await storeServer('--requirepass', 'PASSWORD-CANARY')
  const client = new Redis(locked.port, '127.0.0.1', { enableReadyCheck: false })
  client.on('error', () => {})
  const error = await failure(redisServerStore({ client }).read('k'))
  expect(error).toBeInstanceOf(Misconfigured)
  expect(error.message).toMatch(/password.*NOAUTH/)
  client.disconnect()
  await locked.stop()
})

describe('S15 a client that answers something else', () => {
  const answering = (answer: unknown) =>
    redisServerStore({ client: { sendCommand: async () => answer, duplicate: () => answer } as never })
  const write = { value: canary, expiresAt }
  const odd = [
    undefined,
    7,
    true,
    'text',
    {},
    { v: 'x', r: '1' },
    new Map(),
    [1, 2],
    ['x', 'y'],
    ['x', null],
    [null, '1'],
    ['x', '0'],
    ['x', '1.5'],
    [Buffer.from('x'), '1'],
    [],
  ]

  test.each(odd.map((answer) => [answer]))('a read of %j rejects, without repeating it', async (answer) => {
    expect((await failure(answering(answer).read('k'))).message).toMatch(/Redis answered something else/)
  })

  test.each([[undefined], [true], ['OK'], ['0'], [0], [-1], [1.5], [{}], [[]]])(
    'a write of %j rejects',
    async (answer) => {
      const error = await failure(answering(answer).compareAndSet('k', null, write))
      expect(error.message).toMatch(/Redis answered something else/)
    },
  )

  test('keys of a tag', async () => {
    expect((await failure(answering('k').keysOf('s'))).message).toMatch(/Redis answered something else/)
  })

  test('a client that throws at once', async () => {
    const client = {
      sendCommand() {
        throw new Error(`oops ${canary}`)
      },
      duplicate() {},
    }
    const error = await failure(redisServerStore({ client: client as never }).read('k'))
    expect(told(error)).not.toContain('CANARY')
  })
})

test.each([
  ['prefix', { prefix: 'a{b}' }],
  ['commandTimeoutMs', { commandTimeoutMs: 0 }],
  ['commandTimeoutMs', { commandTimeoutMs: Number.NaN }],
])('refuses a bad `%s`', (name, options) => {
  const client = { sendCommand: async () => null, duplicate() {} } as never
  const making = () => redisServerStore({ client, ...options })
  expect(making).toThrow(Misconfigured)
  expect(making).toThrow(name)
})

test('C21: a compare-and-set that wrote nothing does not vouch for the writes before it', async () => {
  let [written, copies]: [number | null, number] = [1, 0]
  const sent: string[] = []
  const client = {
    async sendCommand([name = '']: string[]) {
      sent.push(name)
      return { EVALSHA: written, WAIT: copies, HMGET: ['v', '1'], SET: 'OK' }[name]
    },
    duplicate() {},
  }
  const store = redisServerStore({ client: client as never, replicas: 1 })
  const next = { value: 'v', expiresAt: Date.now() + 60_000 }
  await expect(store.compareAndSet('a', null, next)).rejects.toThrow('replicas')
  // A connection that has written nothing counts every replica.
  ;[written, copies] = [null, 1]
  expect(await store.compareAndSet('b', 7, next)).toBeNull()
  sent.length = 0
  await store.read('a')
  await store.read('a')
  expect(sent).toEqual(['SET', 'WAIT', 'HMGET', 'HMGET'])
})
