import { setTimeout as sleep } from 'node:timers/promises'
import type { Fleet } from './fleet.ts'
import type { Doing } from './history.ts'
import type { Random } from './random.ts'
import type { startRedisPair } from './redisPair.ts'
import { healthy, type WireFaults } from './refreshProxy.ts'

export interface Planned {
  /** Milliseconds after the start. */
  readonly at: number
  readonly what: string
  readonly forMs: number
  readonly process?: number
}

const OFTEN = [
  'kill',
  'stop',
  'wireSlow',
  'wireReset',
  'wireLost',
  'wireTruncated',
  'wireDown',
  'clock',
] as const
const SELDOM = ['redisKill', 'redisFreeze', 'redisCut', 'redisSlow', 'redisFailover'] as const
const PAUSE_MS = [1_500, 4_000] as const

/** What will be done, and when: the seed decides. Redis is emptied once, in a run that is long enough. */
export function plan(random: Random, totalMs: number, processes: number): Planned[] {
  const planned: Planned[] = []
  let at = 3_000
  let isEmptied = totalMs < 60_000
  while (at < totalMs - 5_000) {
    const mayEmpty = !isEmptied && at > totalMs * 0.7
    const what = mayEmpty ? 'redisEmpty' : random.next() < 0.65 ? random.pick(OFTEN) : random.pick(SELDOM)
    isEmptied ||= mayEmpty
    const forMs = random.between(500, 3_000)
    const isOfOne = ['kill', 'stop', 'clock'].includes(what)
    planned.push({ at, what, forMs, ...(isOfOne && { process: random.between(0, processes - 1) }) })
    at += forMs + random.between(...PAUSE_MS)
  }
  return planned
}

/** Does what is planned, and writes down when it really happened. */
export async function runNemesis(
  planned: readonly Planned[],
  {
    fleet,
    redis,
    wire,
    random,
    stop,
  }: {
    readonly fleet: Fleet
    readonly redis: Awaited<ReturnType<typeof startRedisPair>>
    readonly wire: WireFaults
    readonly random: Random
    readonly stop: AbortSignal
  },
): Promise<Doing[]> {
  const doings: Doing[] = []
  const startedAt = Date.now()
  for (const { at, what, forMs, process = 0 } of planned) {
    await sleep(Math.max(0, startedAt + at - Date.now()), undefined, { signal: stop })
    const began = Date.now()
    await doIt(what, forMs, process)
    const isOfOne = ['kill', 'stop', 'clock'].includes(what)
    doings.push({ what, at: began, until: Date.now(), ...(isOfOne && { process }) })
  }
  return doings

  async function doIt(what: string, forMs: number, i: number): Promise<void> {
    const wait = () => sleep(forMs, undefined, { signal: stop })
    const spoilt = async (faults: Partial<WireFaults>) => {
      Object.assign(wire, faults)
      await wait()
      Object.assign(wire, healthy())
    }
    switch (what) {
      case 'kill':
      case 'clock':
        await fleet.kill(i)
        await sleep(Math.min(forMs, 1_000))
        return fleet.start(i, what === 'clock' ? random.between(-1_500, 1_500) : 0)
      case 'stop':
        fleet.signal(i, 'SIGSTOP')
        await wait()
        return fleet.signal(i, 'SIGCONT')
      case 'wireSlow':
        return spoilt({ delayMs: random.between(100, 1_500) })
      case 'wireReset':
        return spoilt({ resetBefore: 0.5 })
      case 'wireLost':
        return spoilt({ resetAfter: 0.3 })
      case 'wireTruncated':
        return spoilt({ truncate: 0.3 })
      case 'wireDown':
        return spoilt({ unavailable: 1 })
      case 'redisKill':
        await redis.kill()
        await wait()
        return redis.restart()
      case 'redisFreeze':
        redis.freeze()
        await wait()
        return redis.thaw()
      case 'redisCut':
        redis.cut()
        await wait()
        return redis.mend()
      case 'redisSlow':
        redis.slow(random.between(20, 250))
        await wait()
        return redis.slow(0)
      case 'redisFailover':
        return redis.failOver()
      case 'redisEmpty':
        await redis.empty()
    }
  }
}
