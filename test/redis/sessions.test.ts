import { createClient } from 'redis'
import { afterAll, describe, expect, onTestFinished, test } from 'vitest'
import { redisCoordinator, redisServerStore } from 'xstate-session/redis'
import type { browser } from '../server/browser.ts'
import { faultyWay, holdsUnderFaults } from '../server/underFaults.ts'
import { SECRET, world } from '../server/world.ts'
import { stopServers, storePair, storeServer } from './storeServer.ts'

const MINUTE = 60_000
const USERS = '/api/admin/users'
const COMMAND_MS = 300

afterAll(stopServers)

async function connected(port: number) {
  const client = createClient({ socket: { port, host: '127.0.0.1', reconnectStrategy: 20 } })
  client.on('error', () => {})
  await client.connect()
  onTestFinished(() => void client.destroy())
  return client
}

const command = async (port: number, ...words: string[]) => (await connected(port)).sendCommand(words)

/** On a busy machine a write may take longer than a command may. */
const logIn = (page: ReturnType<typeof browser>) =>
  expect
    .poll(async () => {
      await page.navigate('/session/login/start')
      return (await page.get('/session/')).status
    })
    .toBe(200)

/** One process that keeps its sessions in Redis. */
const inRedis = (client: Awaited<ReturnType<typeof connected>>, replicas = 0) => ({
  store: redisServerStore({ client, commandTimeoutMs: COMMAND_MS, replicas }),
  coordinator: redisCoordinator({ client, secret: SECRET, commandTimeoutMs: COMMAND_MS }),
})

describe('C21: Redis forgets in a failover', () => {
  async function pair(...args: string[]) {
    const redis = await storePair(...args)
    onTestFinished(() => redis.stop())
    await expect
      .poll(async () => String(await command(redis.replica, 'INFO', 'replication')))
      .toContain('master_link_status:up')
    return redis
  }

  /** Whatever was written so far has arrived. */
  const replicated = (redis: Awaited<ReturnType<typeof pair>>) =>
    expect
      .poll(async () =>
        [await command(redis.primary, 'DBSIZE'), await command(redis.replica, 'DBSIZE')].map(Number),
      )
      .toSatisfy(([a, b]: number[]) => a === b && a !== 0)

  test('the process that renewed knows better than the record, and writes it again', async () => {
    const redis = await pair()
    const { serve, pass, sends } = await world()
    const { page } = serve(inRedis(await connected(redis.port)))
    await logIn(page)
    await replicated(redis)
    redis.blackHole()
    pass(20 * MINUTE)
    expect((await page.get(USERS)).status).toBe(200)
    await redis.failOver(command)
    await expect.poll(async () => (await page.get(USERS)).status).toBe(200)
    expect(await (await page.get('/session/')).json()).toMatchObject({ version: 2 })
    expect(sends()).toBe(1)
  })

  test('one that writes only what its replica gets loses nothing: it holds, and sends nothing', async () => {
    const redis = await pair('--min-replicas-to-write', '1', '--min-replicas-max-lag', '1')
    const { serve, pass, sends, backend } = await world()
    const [one, two] = [
      serve({ ...inRedis(await connected(redis.port)), patienceMs: 500 }),
      serve({ ...inRedis(await connected(redis.port)), patienceMs: 500 }),
    ]
    await logIn(one.page)
    for (const [name, value] of one.page.cookies) two.page.cookies.set(name, value)
    const copy = new Map(one.page.cookies)
    await replicated(redis)
    redis.blackHole()
    await expect.poll(() => command(redis.primary, 'SET', 'probe', '1').catch(String)).toContain('NOREPLICAS')
    pass(20 * MINUTE)
    expect((await two.page.get(USERS)).status).toBe(503)
    expect((await one.page.post('/session/logout')).status).toBe(503)
    expect(sends()).toBe(0)
    await redis.failOver(command)
    // The logout is written by the process that owes it, where it can be.
    for (const [name, value] of copy) one.page.cookies.set(name, value)
    await expect.poll(async () => (await two.page.get('/session/')).status).toBe(401)
    expect(backend.log.replays()).toEqual([])
  })

  test('a write that no replica has does not count: nothing is sent before, and no logout confirmed', async () => {
    const redis = await pair()
    const { serve, pass, sends, backend } = await world()
    const options = { patienceMs: 500 }
    const [one, two] = [
      serve({ ...inRedis(await connected(redis.port), 1), ...options }),
      serve({ ...inRedis(await connected(redis.port), 1), ...options }),
    ]
    await logIn(one.page)
    for (const [name, value] of one.page.cookies) two.page.cookies.set(name, value)
    const copy = new Map(one.page.cookies)
    redis.blackHole()
    pass(20 * MINUTE)
    // In the very moment that a failover would lose.
    expect((await two.page.get(USERS)).status).toBe(503)
    expect((await one.page.post('/session/logout')).status).toBe(503)
    expect(sends()).toBe(0)
    await redis.failOver(command)
    await command(redis.primary, 'REPLICAOF', '127.0.0.1', `${redis.replica}`)
    for (const [name, value] of copy) one.page.cookies.set(name, value)
    await expect.poll(async () => (await two.page.get('/session/')).status).toBe(401)
    expect(backend.log.replays()).toEqual([])
  })

  test('a token that was not sent because of that is sent when the replica is back, without a doubt', async () => {
    const redis = await pair()
    const { serve, pass, sends } = await world()
    const options = { patienceMs: 500, resend: 'never' } as const
    const { page } = serve({ ...inRedis(await connected(redis.port), 1), ...options })
    await logIn(page)
    redis.blackHole()
    pass(20 * MINUTE)
    expect((await page.get(USERS)).status).toBe(503)
    redis.mend()
    // Under `never` a doubt would have been the end.
    await expect.poll(async () => (await page.get(USERS)).status).toBe(200)
    expect(sends()).toBe(1)
  })
})

/** The client, whose commands go a way that may fail. */
function faulty(client: Awaited<ReturnType<typeof connected>>) {
  const { due, through } = faultyWay(2 * COMMAND_MS)
  const sendCommand = (args: string[]) => through(() => client.sendCommand(args))
  const handle = new Proxy(client, {
    get(target, name) {
      if (name === 'sendCommand') return sendCommand
      const value = Reflect.get(target, name) as unknown
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  return { due, options: () => inRedis(handle) }
}

test('I20: whatever Redis does, no token is sent twice, nothing comes back, nobody gets somebody else', async () => {
  const { port } = await storeServer()
  await holdsUnderFaults([faulty(await connected(port)), faulty(await connected(port))])
}, 240_000)
