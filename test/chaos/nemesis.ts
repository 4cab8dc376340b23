import { setTimeout as sleep } from 'node:timers/promises'
import { GATEWAYS } from '../proof/world/gateways.ts'
import type { Random } from '../proof/world/random.ts'
import type { Fleet } from './fleet.ts'
import type { Doing } from './history.ts'
import { healthy, type WireFaults } from './refreshProxy.ts'
import type { StorePair } from './storePair.ts'

export interface Planned {
  /** Milliseconds after the start. */
  readonly at: number
  readonly what: Nuisance
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
  'gateway',
  'providerDown',
  'clock',
] as const
const SELDOM = ['storeKill', 'storeFreeze', 'storeCut', 'storeSlow', 'storeFailover', 'pause'] as const
/** Once in a run that is long enough. */
const ONCE = ['gatewayForLong', 'storeEmpty'] as const
export const NUISANCES = [...OFTEN, ...SELDOM, ...ONCE] as const
export type Nuisance = (typeof NUISANCES)[number]

const OF_ONE: readonly Nuisance[] = ['kill', 'stop', 'clock', 'pause']
const FOR_MS = [500, 3_000] as const
/** Longer than anybody waits for the one who sends. */
const PAUSE_MS = [9_000, 13_000] as const
/** Longer than any bearer lives, and than the first waits of a doubt: what a quarter of an hour is to bearers of minutes. */
const LONG_MS = [50_000, 60_000] as const
const REST_MS = [1_500, 4_000] as const
/** A replica that takes over lacks what it was told less than so long before. */
const MAX_LAG_MS = 1_000
const MAX_OFFSET_MS = 1_500
const MAX_DELAY_MS = 1_500

/**
 * What will be done, and when: the seed decides. The store is emptied once, and once a gateway speaks for long, in a run that is long
 * enough. `wanted`: of these alone.
 */
export function plan(
  random: Random,
  totalMs: number,
  processes: number,
  wanted: readonly Nuisance[] = NUISANCES,
): Planned[] {
  const planned: Planned[] = []
  const often = OFTEN.filter((what) => wanted.includes(what))
  const seldom = SELDOM.filter((what) => wanted.includes(what))
  let at = 3_000
  let isEmptied = totalMs < 60_000 || !wanted.includes('storeEmpty')
  let isSilenced = totalMs < 120_000 || !wanted.includes('gatewayForLong')
  while (at < totalMs - 5_000) {
    const mayEmpty = !isEmptied && at > totalMs * 0.7
    const isOften = seldom.length === 0 || (often.length > 0 && random.next() < 0.65)
    const maySilence = !isSilenced && at > totalMs * 0.2
    const usual = isOften ? often : seldom
    const once = mayEmpty ? 'storeEmpty' : maySilence ? 'gatewayForLong' : undefined
    if (!once && usual.length === 0) {
      at += REST_MS[1]
      continue
    }
    const what: Nuisance = once ?? random.pick<Nuisance>(usual)
    isEmptied ||= what === 'storeEmpty'
    isSilenced ||= what === 'gatewayForLong'
    const [least, most] = what === 'pause' ? PAUSE_MS : what === 'gatewayForLong' ? LONG_MS : FOR_MS
    const forMs = random.between(least, most)
    const isOfOne = OF_ONE.includes(what)
    planned.push({ at, what, forMs, ...(isOfOne && { process: random.between(0, processes - 1) }) })
    at += forMs + random.between(...REST_MS)
  }
  return planned
}

export interface NemesisParts {
  readonly fleet: Fleet
  readonly store: StorePair
  readonly wire: WireFaults
  readonly random: Random
  /** What really happened, and when, is written down here. */
  readonly doings: Doing[]
  /** From then on nothing more is begun. */
  readonly over: AbortSignal
  /** Ends at once what goes on. */
  readonly stop: AbortSignal
}

/** Does what is planned. */
export async function runNemesis(
  planned: readonly Planned[],
  { fleet, store, wire, random, doings, over, stop }: NemesisParts,
): Promise<void> {
  const startedAt = Date.now()
  for (const { at, what, forMs, process = 0 } of planned) {
    await sleep(Math.max(0, startedAt + at - Date.now()), undefined, { signal: over }).catch(() => {})
    if (over.aborted) return
    const began = { what, at: Date.now(), ...(OF_ONE.includes(what) && { process }) }
    const mine = doings.push({ ...began, until: Infinity }) - 1
    await doIt(what, forMs, process)
    doings[mine] = { ...began, until: Date.now() }
  }

  async function doIt(what: Nuisance, forMs: number, i: number): Promise<void> {
    const wait = (ms = forMs) => sleep(ms, undefined, { signal: stop })
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
        return fleet.start(i, what === 'clock' ? random.between(-MAX_OFFSET_MS, MAX_OFFSET_MS) : 0)
      case 'stop':
        fleet.signal(i, 'SIGSTOP')
        await wait()
        return fleet.signal(i, 'SIGCONT')
      case 'pause':
        // In the midst of its refreshes; and others are in the midst of theirs when it goes on.
        Object.assign(wire, { delayMs: MAX_DELAY_MS })
        await wait(MAX_DELAY_MS)
        fleet.signal(i, 'SIGSTOP')
        await wait()
        fleet.signal(i, 'SIGCONT')
        await wait(MAX_DELAY_MS)
        Object.assign(wire, healthy())
        return
      case 'wireSlow':
        return spoilt({ delayMs: random.between(100, MAX_DELAY_MS) })
      case 'wireReset':
        return spoilt({ resetBefore: 0.5 })
      case 'wireLost':
        return spoilt({ resetAfter: 0.3 })
      case 'wireTruncated':
        return spoilt({ truncate: 0.3 })
      case 'wireDown':
        return spoilt({ unavailable: 1 })
      case 'gateway':
        return spoilt({ gateway: random.pick(GATEWAYS) })
      case 'gatewayForLong':
        // 502, 503, 504, 404 or 501.
        return spoilt({ gateway: random.pick(GATEWAYS.slice(0, 5)) })
      case 'providerDown':
        return spoilt({ providerDown: 1 })
      case 'storeKill':
        await store.kill()
        await wait()
        return store.restart()
      case 'storeFreeze':
        store.freeze()
        await wait()
        return store.thaw()
      case 'storeCut':
        store.cut()
        await wait()
        return store.mend()
      case 'storeSlow':
        store.slow(random.between(20, 250))
        await wait()
        return store.slow(0)
      case 'storeFailover':
        return store.failOver(random.between(0, MAX_LAG_MS))
      case 'storeEmpty':
        await store.empty()
    }
  }
}
