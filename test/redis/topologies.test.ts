import { setTimeout as sleep } from 'node:timers/promises'
import { Cluster, Redis } from 'ioredis'
import { createCluster, createSentinel } from 'redis'
import { afterAll, describe, expect, onTestFinished, test } from 'vitest'
import { redisCoordinator, redisServerStore } from 'xstate-session/redis'
import { serverStoreConformance } from 'xstate-session/testing'
import { Misconfigured } from '../../src/base/errors.ts'
import { heldBackend } from '../../src/testing/coordinatorSubject.ts'
import { SECRET } from '../server/world.ts'
import { stopServers } from './storeServer.ts'
import { say, storeCluster, storeSentinel } from './topologies.ts'

const expiresAt = Date.UTC(2100, 0)
const OK = { kind: 'ok', bearer: 'bearer-2', refreshToken: 'token-2' } as const

afterAll(stopServers)

type Open = () => Promise<{
  readonly client: Parameters<typeof redisServerStore>[0]['client']
  close(): void
}>

const cluster = storeCluster()
const sentinel = storeSentinel()
for (const each of [cluster, sentinel]) each.catch(() => {})

const clients: Record<string, Open> = {
  async 'a cluster, with node-redis'() {
    const rootNodes = (await cluster).ports.map((port) => ({ socket: { port, host: '127.0.0.1' } }))
    const client = createCluster({ rootNodes })
    client.on('error', () => {})
    await client.connect()
    return { client, close: () => client.destroy() }
  },
  async 'a cluster, with ioredis'() {
    const client = new Cluster((await cluster).ports.map((port) => ({ port, host: '127.0.0.1' })))
    client.on('error', () => {})
    return { client, close: () => client.disconnect() }
  },
  async 'Sentinel, with node-redis'() {
    const { port, name } = await sentinel
    const client = createSentinel({
      name,
      sentinelRootNodes: [{ host: '127.0.0.1', port }],
      scanInterval: 200,
    })
    client.on('error', () => {})
    await client.connect()
    return { client, close: () => void client.destroy() }
  },
  async 'Sentinel, with ioredis'() {
    const { port, name } = await sentinel
    const client = new Redis({ sentinels: [{ host: '127.0.0.1', port }], name })
    client.on('error', () => {})
    return { client, close: () => client.disconnect() }
  },
}

async function opened(open: Open) {
  const made = await open()
  onTestFinished(() => made.close())
  return made.client
}

let prefixes = 0

describe.each(Object.entries(clients))('over %s', (_, open) => {
  const suite = serverStoreConformance({
    lifeMs: 300,
    async create() {
      const [one, two] = [await open(), await open()]
      const prefix = `topology-${++prefixes}:`
      return {
        store: redisServerStore({ client: one.client, prefix }),
        other: redisServerStore({ client: two.client, prefix }),
        advance: async (ms) => void (await sleep(ms + 20)),
        close() {
          one.close()
          two.close()
        },
      }
    },
  })
  for (const { name, run } of suite) test(name, run)

  test('two processes share one send, and a logout ends it for both', async () => {
    const prefix = `flights-${++prefixes}:`
    const coordinate = async () => {
      const coordinator = redisCoordinator({ client: await opened(open), secret: SECRET, prefix })
      onTestFinished(() => coordinator.close())
      return coordinator
    }
    const [one, two] = [await coordinate(), await coordinate()]
    const shared = heldBackend(() => OK)
    const first = one.run(shared.flight())
    await shared.arrived
    const second = two.run(shared.flight())
    await sleep(100)
    shared.answer()
    expect([await first, await second]).toMatchObject([OK, { ...OK, shared: true }])
    expect(shared.sends).toHaveLength(1)
    const ended = heldBackend(() => OK)
    const late = one.run(ended.flight({ refreshToken: 'token-7', sessionId: 's7' }))
    await ended.arrived
    two.end(ended.identity({ refreshToken: 'token-7', sessionId: 's7' }))
    await sleep(100)
    ended.answer()
    expect(await late).toEqual({ kind: 'ended', late: OK })
  })

  test('copies are asked for only where they are counted', async () => {
    const client = await opened(open)
    const making = () => redisServerStore({ client, replicas: 1 })
    if (_ !== 'Sentinel, with ioredis') return expect(making).toThrow(Misconfigured)
    const store = making()
    expect(await store.compareAndSet(`copied ${++prefixes}`, null, { value: 'x', expiresAt })).toBe(1)
  })
})

test('all keys of a prefix are in one slot, whatever the session', async () => {
  const { ports } = await cluster
  const slotOf = (key: string) => say(ports[0] ?? 0, 'CLUSTER', 'KEYSLOT', key)
  const keys = ['{panel:}entry:a', '{panel:}tag:b', '{panel:}flight:c', '{panel:}flights']
  expect(new Set(await Promise.all(keys.map(slotOf))).size).toBe(1)
  expect(await slotOf('{other:}entry:a')).not.toBe(await slotOf('{panel:}entry:a'))
})

describe('a failover, at last', () => {
  async function goesOn(openers: readonly Open[], prefix: string, fail: () => Promise<unknown>) {
    const stores = []
    for (const open of openers) stores.push(redisServerStore({ client: await opened(open), prefix }))
    for (const [i, store] of stores.entries())
      await store.compareAndSet(`k${i}`, null, { value: 'a', expiresAt, tags: ['s'] })
    // A copy takes its time, and nothing asks for it here.
    await sleep(500)
    await fail()
    for (const [i, store] of stores.entries()) {
      await expect.poll(() => store.read(`k${i}`)).toEqual({ value: 'a', revision: 1 })
      await expect.poll(() => store.compareAndSet(`k${i}`, 1, { value: 'b', expiresAt, tags: ['s'] })).toBe(2)
      expect([...(await store.keysOf('s'))].sort()).toEqual(['k0', 'k1'])
    }
  }

  test('in a cluster the replica of the slot takes over', async () => {
    const { killMasterOf } = await cluster
    await goesOn(
      [clients['a cluster, with node-redis'] as Open, clients['a cluster, with ioredis'] as Open],
      'failover:',
      () => killMasterOf('{failover:}'),
    )
  })

  test('with Sentinel the replica takes over', async () => {
    const { killPrimary } = await sentinel
    await goesOn(
      [clients['Sentinel, with node-redis'] as Open, clients['Sentinel, with ioredis'] as Open],
      'failover:',
      killPrimary,
    )
  })
})
