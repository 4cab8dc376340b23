import { setTimeout as sleep } from 'node:timers/promises'
import { createClient } from 'redis'
import { afterAll, assert, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import {
  type Coordinator,
  createSession,
  type Flight,
  type FlightAsk,
  type RefreshOutcome,
} from 'xstate-session'
import { type RedisCoordinatorOptions, redisCoordinator, redisServerStore } from 'xstate-session/redis'
import { coordinatorConformance } from 'xstate-session/testing'
import type { RedisClient } from '../../src/redis/client.ts'
import { movableClock } from '../server/world.ts'
import { movableRedis } from './movableRedis.ts'
import { storeServer } from './storeServer.ts'

const SECRET = 'a secret that all processes of this test know'
const UNKNOWN = { kind: 'unknown', cause: 'timeout', answered: false } as const
const OK = { kind: 'ok', bearer: 'bearer-2', refreshToken: 'token-2' } as const

let redis: Awaited<ReturnType<typeof storeServer>>
beforeAll(async () => {
  redis = await storeServer()
})
afterAll(() => redis.stop())
beforeEach(async () => {
  const admin = await connected()
  await admin.sendCommand(['FLUSHALL'])
})

async function connected(port = redis.port) {
  const client = createClient({ socket: { port, host: '127.0.0.1', reconnectStrategy: 50 } })
  client.on('error', () => {})
  await client.connect()
  onTestFinished(() => void client.destroy())
  return client
}

type Connected = Awaited<ReturnType<typeof connected>>

/** The Redis of these tests, whose time can be moved for those who go through its `wrap`. */
const movedTime = async () => movableRedis(await connected())

/** One process, as far as coordination goes. */
async function process(
  options: Partial<RedisCoordinatorOptions> = {},
  port?: number,
  wrap: (client: Connected) => RedisClient = (client) => client,
) {
  const client = await connected(port)
  const warnings: string[] = []
  const coordinator = redisCoordinator({
    client: wrap(client),
    secret: SECRET,
    onWarning: (warning) => warnings.push(warning),
    ...options,
  })
  onTestFinished(() => coordinator.close())
  return { coordinator, client, warnings }
}

/** Of a session without a bearer that remembers so many sends, all of which the backend answered. */
const knowing = (sends: number): FlightAsk => ({
  resend: 'afterBearerEnds',
  isSpent: true,
  known: sends > 0 ? { sends, sinceMs: 0, answers: sends, answeredSinceMs: 0 } : null,
})

function backend(answer: (n: number) => RefreshOutcome | Promise<RefreshOutcome> = () => OK) {
  const sends: number[] = []
  const flight = (more: Partial<Flight['identity']> = {}, doubtfulSends = 0): Flight => ({
    identity: { provider: 'openid', userId: 'u1', sessionId: 's1', refreshToken: 'token-1', ...more },
    origin: 'https://chat.example',
    ask: knowing(doubtfulSends),
    async send() {
      sends.push(Date.now())
      return answer(sends.length)
    },
  })
  return { sends, flight }
}

/** An answer that comes when told. */
function held(outcome: RefreshOutcome = OK) {
  let release = () => {}
  const answer = new Promise<RefreshOutcome>((resolve) => {
    release = () => resolve(outcome)
  })
  return { answer: () => answer, release: () => release() }
}

/** What clients sent, by command; what scripts do inside does not travel. */
async function commands(run: () => Promise<unknown>): Promise<Record<string, number>> {
  const admin = await connected()
  await admin.sendCommand(['CONFIG', 'RESETSTAT'])
  await run()
  const stats = String(await admin.sendCommand(['INFO', 'commandstats']))
  const found: Record<string, number> = {}
  // What a script does besides is no round trip.
  for (const [, name = '', calls] of stats.matchAll(/cmdstat_(\S+?):calls=(\d+)/g))
    if (/^(evalsha|eval|mget|subscribe)$/.test(name)) found[name] = Number(calls)
  return found
}

const runAll = (coordinators: readonly Coordinator[], flight: Flight) =>
  Promise.all(coordinators.map((coordinator) => coordinator.run(flight)))

/** Two processes at one Redis, and the time of all three. */
async function twoProcesses() {
  const time = await movedTime()
  const clock = movableClock()
  const [one, two] = [
    await process({ clock }, undefined, time.wrap),
    await process({ clock }, undefined, time.wrap),
  ]
  return {
    coordinator: one.coordinator,
    other: two.coordinator,
    async advance(ms: number) {
      clock.pass(ms)
      await time.advance(ms)
    },
  }
}

describe('U36, U37: the contract', () => {
  for (const { name, run } of coordinatorConformance({ create: twoProcesses })) test(name, run)
})

describe('two processes', () => {
  test('share one send, and both know that it is shared', async () => {
    const [a, b] = [await process(), await process()]
    const slow = held()
    const { sends, flight } = backend(slow.answer)
    const answers = runAll([a.coordinator, b.coordinator], flight())
    await sleep(100)
    slow.release()
    expect(await answers).toEqual([
      { ...OK, shared: true },
      { ...OK, shared: true },
    ])
    expect(sends.length).toBe(1)
  })

  test('C3: a straggler in another process gets what the spent token brought, with its age', async () => {
    const [a, b] = [await process(), await process()]
    const { sends, flight } = backend()
    await a.coordinator.run(flight())
    await sleep(20)
    expect(await b.coordinator.run(flight())).toMatchObject({
      ...OK,
      shared: true,
      ageMs: expect.any(Number),
    })
    expect(sends.length).toBe(1)
  })

  test('X18: another user, tenant or session with the same token is another flight', async () => {
    const [a, b] = [await process(), await process()]
    const { sends, flight } = backend()
    await a.coordinator.run(flight())
    for (const other of [{ userId: 'u2' }, { tenantId: 't' }, { sessionId: 's2' }, { provider: 'x' }])
      await b.coordinator.run(flight(other))
    expect(sends.length).toBe(5)
  })

  test('P10: callers with a fresh bearer cost Redis nothing', async () => {
    const { coordinator } = await process()
    const session = createSession({
      baseUrl: 'https://chat.example/',
      strategies: { openid: { needsRefreshToken: true, refresh: async () => OK } },
      coordinator,
      fetch: async () => new Response('{}'),
    })
    onTestFinished(() => session.dispose())
    await session.login(
      { token: 'bearer-1', refreshToken: 'token-1', user: { id: 'u1' }, expiresAt: Date.now() + 3_600_000 },
      { provider: 'openid' },
    )
    const call = () => Promise.all([session.getToken(), session.fetch('/api/x')])
    expect(await commands(() => Promise.all(Array.from({ length: 100 }, call)))).toEqual({})
    // The same session, made to refresh, is counted.
    expect(await commands(() => session.refresh())).toMatchObject({ evalsha: 2 })
  })

  test('P10: who leads takes two round trips, who follows one and a push', async () => {
    const [a, b] = [await process(), await process()]
    const warm = backend()
    await runAll([a.coordinator, b.coordinator], warm.flight({ refreshToken: 'warm' }))
    await b.coordinator.run(warm.flight({ refreshToken: 'warm-2' }))
    const slowWarm = held()
    const follow = runAll(
      [a.coordinator, b.coordinator],
      backend(slowWarm.answer).flight({ refreshToken: 'w3' }),
    )
    await sleep(50)
    slowWarm.release()
    await follow
    expect(await commands(() => a.coordinator.run(backend().flight({ refreshToken: 'alone' })))).toEqual({
      evalsha: 2,
    })
    const both = await commands(async () => {
      const slow = held()
      const answers = runAll(
        [a.coordinator, b.coordinator],
        backend(slow.answer).flight({ refreshToken: 'x' }),
      )
      await sleep(100)
      slow.release()
      await answers
    })
    expect(both).toEqual({ evalsha: 3 })
  })

  test('A31: a limiter that answered one process holds the other', async () => {
    const [a, b] = [await process(), await process()]
    const limited = backend(() => ({ kind: 'refused', cause: 'limited', retryAfterMs: 60_000 }))
    await a.coordinator.run(limited.flight())
    const other = backend()
    const answer = await b.coordinator.run(other.flight({ refreshToken: 'token-9' }))
    expect(answer).toMatchObject({ kind: 'refused', cause: 'limited' })
    expect(other.sends.length).toBe(0)
  })

  test('X17: what one process logged out, no other replays', async () => {
    const [a, b] = [await process(), await process()]
    const { sends, flight } = backend()
    await a.coordinator.run(flight())
    a.coordinator.end(flight().identity)
    await sleep(50)
    expect(await b.coordinator.run(flight())).toEqual({ kind: 'ended' })
    expect(await b.coordinator.run(flight({ refreshToken: 'token-2' }))).toEqual({ kind: 'ended' })
    expect(sends.length).toBe(1)
  })

  test('C7: a logout elsewhere during a send leaves its result to be revoked by who sent', async () => {
    const [a, b] = [await process(), await process()]
    const slow = held()
    const { sends, flight } = backend(slow.answer)
    const answer = a.coordinator.run(flight())
    await expect.poll(() => sends.length).toBe(1)
    const follower = b.coordinator.run(flight())
    await sleep(50)
    b.coordinator.end(flight().identity)
    expect(await follower).toEqual({ kind: 'ended' })
    await sleep(50)
    slow.release()
    expect(await answer).toEqual({ kind: 'ended', late: OK })
  })
})

describe('a sender that is gone', () => {
  test('C24: a lease that lapses permits nothing; the intent holds', async () => {
    // Its next sign of life is far off.
    const [a, b] = [await process({ leaseMs: 20_000 }), await process({ leaseMs: 20_000 })]
    const client = await connected()
    const slow = held()
    const { sends, flight } = backend((n) => (n === 1 ? slow.answer() : OK))
    const answer = a.coordinator.run(flight())
    await expect.poll(() => sends.length).toBe(1)
    const [key = ''] = (await client.sendCommand(['KEYS', '*flight:*'])) as unknown as string[]
    // The last word of a first send is the life of its lease.
    const sent = String(await client.get(key))
    expect(sent).toMatch(/^first\|.*\|20000$/)
    await client.set(key, sent.replace(/\d+$/, '-60000'))
    expect(await b.coordinator.run(flight())).toMatchObject({ kind: 'refused', cause: 'unavailable' })
    expect(sends.length).toBe(1)
    slow.release()
    expect(await answer).toMatchObject({ kind: 'ok' })
  })

  test('N13: an answer slower than the lease is waited for', async () => {
    const [a, b] = [await process({ leaseMs: 150 }), await process({ leaseMs: 150 })]
    const slow = held()
    const { sends, flight } = backend(slow.answer)
    const answers = runAll([a.coordinator, b.coordinator], flight())
    await sleep(600)
    slow.release()
    expect((await answers).map(({ kind }) => kind)).toEqual(['ok', 'ok'])
    expect(sends.length).toBe(1)
  })

  test('C17: after its deadline the intent of a dead sender is a doubtful send, and is sent again by who needs it', async () => {
    const time = await movedTime()
    const [a, b] = [await process({}, undefined, time.wrap), await process({}, undefined, time.wrap)]
    const never = backend(() => new Promise(() => {}))
    void a.coordinator.run(never.flight())
    await expect.poll(() => never.sends.length).toBe(1)
    a.client.destroy()
    await time.advance(31_000)
    const { sends, flight } = backend()
    const served: FlightAsk = { ...knowing(0), isSpent: false }
    expect(await b.coordinator.run({ ...flight(), ask: served })).toMatchObject({
      kind: 'unknown',
      answered: false,
      doubt: { sends: 1, answers: 0, sinceMs: expect.closeTo(31_000, -4), waitMs: 0 },
    })
    expect(sends.length).toBe(0)
    expect(await b.coordinator.run(flight())).toMatchObject({ kind: 'ok' })
    expect(sends.length).toBe(1)
  })

  test('C25: who lost the intent cannot settle it for who has it', async () => {
    const time = await movedTime()
    const one = () => process({}, undefined, time.wrap)
    const [a, b, third] = [await one(), await one(), await one()]
    const late = held({ kind: 'refused', cause: 'network' })
    const lost = backend(late.answer)
    const first = a.coordinator.run(lost.flight())
    await expect.poll(() => lost.sends.length).toBe(1)
    await time.advance(31_000)
    const slow = held()
    const again = backend(slow.answer)
    const second = b.coordinator.run(again.flight())
    await expect.poll(() => again.sends.length).toBe(1)
    late.release()
    await first
    const { sends, flight } = backend()
    const follower = third.coordinator.run(flight())
    await sleep(50)
    slow.release()
    expect([(await second).kind, (await follower).kind]).toEqual(['ok', 'ok'])
    expect(sends.length).toBe(0)
  })
})

describe('a Redis in trouble', () => {
  test('C19: while Redis is down nothing is sent, unless asked to proceed', () => withoutAnswer('SIGKILL'))

  test('C20: a Redis that hangs is not waited for', () => withoutAnswer('SIGSTOP'))

  async function withoutAnswer(signal: NodeJS.Signals) {
    const own = await storeServer()
    onTestFinished(() => own.stop())
    const holding = await process({ commandTimeoutMs: 200 }, own.port)
    const proceeding = await process({ commandTimeoutMs: 200, onCoordinatorDown: 'proceed' }, own.port)
    own.kill(signal)
    const { sends, flight } = backend()
    const startedAt = performance.now()
    expect(await holding.coordinator.run(flight())).toMatchObject({ kind: 'refused', cause: 'unavailable' })
    expect(performance.now() - startedAt).toBeLessThan(2_000)
    expect(sends.length).toBe(0)
    expect(holding.warnings).toContain('unreachable')
    expect(await proceeding.coordinator.run(flight())).toMatchObject({ kind: 'ok' })
  }

  test('C21: who knows what came of a token knows it better than a Redis that fell back to a doubt', async () => {
    const time = await movedTime()
    const one = () => process({}, undefined, time.wrap)
    const [a, b, c] = [await one(), await one(), await one()]
    const { sends, flight } = backend((n) => (n === 1 ? UNKNOWN : OK))
    const client = await connected()
    await a.coordinator.run(flight())
    const [name = ''] = (await client.sendCommand(['KEYS', '*flight:*'])) as unknown as string[]
    const doubt = String(await client.get(name))
    await time.advance(15_000)
    expect(await runAll([a.coordinator, b.coordinator], flight())).toMatchObject([OK, OK])
    await client.set(name, doubt)
    // Who has only Redis to ask, who sent it, and who waited for it.
    const served: FlightAsk = { ...knowing(0), isSpent: false }
    expect(await c.coordinator.run({ ...flight(), ask: served })).toMatchObject({ kind: 'unknown' })
    expect(await runAll([a.coordinator, b.coordinator], flight())).toMatchObject([OK, OK])
    expect(sends.length).toBe(2)
  })

  test('C22: one that is full holds, one that evicts is told of', async () => {
    const own = await storeServer()
    onTestFinished(() => own.stop())
    const { coordinator, client } = await process({}, own.port)
    await client.sendCommand(['CONFIG', 'SET', 'maxmemory', '1'])
    const { sends, flight } = backend()
    expect(await coordinator.run(flight())).toMatchObject({ kind: 'refused', cause: 'unavailable' })
    expect(sends.length).toBe(0)
    const evicting = await storeServer('--maxmemory', '100mb', '--maxmemory-policy', 'allkeys-lru')
    onTestFinished(() => evicting.stop())
    const told = await process({}, evicting.port)
    await told.coordinator.run(flight())
    await expect.poll(() => told.warnings).toEqual(['evicts'])
  })

  test('C26: thousands who wait for one send all settle, and Redis hears little of them', async () => {
    const [a, b] = [await process(), await process()]
    const slow = held()
    const { sends, flight } = backend(slow.answer)
    const leader = a.coordinator.run(flight())
    await sleep(50)
    let answers: Promise<readonly { kind: string }[]> = Promise.resolve([])
    const used = await commands(async () => {
      answers = Promise.all(Array.from({ length: 3_000 }, () => b.coordinator.run(flight())))
      await sleep(500)
      slow.release()
      await answers
    })
    expect((await leader).kind).toBe('ok')
    expect(new Set((await answers).map(({ kind }) => kind))).toEqual(new Set(['ok']))
    expect(sends.length).toBe(1)
    expect(used.evalsha).toBeLessThanOrEqual(4)
  })

  test('C23: processes at two servers may both send, and both say what they got', async () => {
    const other = await storeServer()
    onTestFinished(() => other.stop())
    const [a, b] = [await process(), await process({}, other.port)]
    const { sends, flight } = backend((n) => (n === 1 ? OK : { kind: 'rejected', reason: 'refreshRejected' }))
    const answers = await runAll([a.coordinator, b.coordinator], flight())
    expect(sends.length).toBe(2)
    expect(answers.map(({ kind }) => kind).sort()).toEqual(['ok', 'rejected'])
  })
})

test('U52: a coordinator and a store that are made and not used have asked Redis nothing', async () => {
  const asked: string[][] = []
  const client = {
    sendCommand: async (args: string[]) => void asked.push(args),
    duplicate: () => assert.fail('A connection was opened.'),
  }
  const coordinator = redisCoordinator({ client, secret: SECRET })
  redisServerStore({ client })
  await sleep(20)
  expect(asked).toEqual([])
  await coordinator.run(backend().flight())
  expect(asked.map(([name]) => name)).toContain('CONFIG')
})

test('X1: nothing in Redis holds a token, and none travels in the clear', async () => {
  const { coordinator, client } = await process()
  const seen: string[] = []
  const spy = await connected()
  await spy.sendCommand(['CONFIG', 'SET', 'slowlog-log-slower-than', '0'])
  const listener = await connected()
  await listener.pSubscribe('*', (message, channel) => seen.push(channel, message))
  const canary = 'canary-refresh-token-0123456789'
  await coordinator.run(
    backend(() => ({ ...OK, bearer: 'canary-bearer', refreshToken: 'canary-next' })).flight({
      refreshToken: canary,
    }),
  )
  coordinator.end({ provider: 'openid', userId: 'u1', sessionId: 's1', refreshToken: canary })
  await sleep(50)
  const keys = (await client.sendCommand(['KEYS', '*'])) as unknown as string[]
  for (const key of keys) {
    const type = String(await client.sendCommand(['TYPE', key]))
    seen.push(
      key,
      JSON.stringify(await client.sendCommand(type === 'hash' ? ['HGETALL', key] : ['GET', key])),
    )
  }
  seen.push(JSON.stringify(await spy.sendCommand(['SLOWLOG', 'GET', '128'])))
  expect(seen.length).toBeGreaterThan(3)
  expect(seen.join('\n')).not.toContain('canary')
})

/** A client whose commands are done, and whose answers are lost, while it `isDeaf`; all are refused while it `isAway`. */
function losing(client: Connected) {
  const state = { isDeaf: false, isAway: false }
  const wrapped: RedisClient = {
    duplicate: () => client.duplicate(),
    async sendCommand(args: string[]) {
      if (state.isAway) throw new Error('There is no connection.')
      const answer = await client.sendCommand(args)
      if (!state.isDeaf) return answer
      throw new Error('The connection is gone.')
    },
  }
  return { state, wrapped }
}

describe('U60: a Redis that fails leaves no doubt of a token that never left, under "never" either', () => {
  const never = (flight: Flight): Flight => ({
    ...flight,
    ask: { resend: 'never', isSpent: true, known: null },
  })

  async function apart() {
    let state = { isDeaf: false, isAway: false }
    const one = await process({}, undefined, (client) => {
      const lossy = losing(client)
      state = lossy.state
      return lossy.wrapped
    })
    return { one, other: await process(), state }
  }

  test('U60: an intent whose acknowledgement was lost is taken back as soon as Redis answers', async () => {
    const { one, other, state } = await apart()
    const { sends, flight } = backend()
    // Redis has seen the script, which it is then told of by its digest alone.
    await one.coordinator.run({ ...flight({ refreshToken: 'token-0' }) })
    state.isDeaf = true
    expect(await one.coordinator.run(never(flight()))).toMatchObject({ kind: 'refused' })
    state.isDeaf = false
    state.isAway = true
    expect(await one.coordinator.run(never(flight()))).toMatchObject({ kind: 'refused' })
    expect(await other.coordinator.run(never(flight()))).toMatchObject({ kind: 'refused' })
    expect(sends).toHaveLength(1)
    state.isAway = false
    await expect.poll(() => other.coordinator.run(never(flight()))).toMatchObject({ kind: 'ok' })
    expect(sends).toHaveLength(2)
  })

  test('U60: what provably never left is told as soon as Redis answers', async () => {
    const { one, other, state } = await apart()
    const first = backend(() => {
      state.isAway = true
      return { kind: 'refused', cause: 'unavailable' }
    })
    expect(await one.coordinator.run(never(first.flight()))).toMatchObject({ kind: 'refused' })
    const { flight } = backend()
    expect(await other.coordinator.run(never(flight()))).toMatchObject({ kind: 'refused' })
    state.isAway = false
    await expect.poll(() => other.coordinator.run(never(flight()))).toMatchObject({ kind: 'ok' })
  })
})
