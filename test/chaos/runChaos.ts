import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { startBackend } from '../../examples/backend/startBackend.ts'
import { random } from '../proof/world/random.ts'
import { type Figures, figuresOf } from './figures.ts'
import { createFleet } from './fleet.ts'
import type { Dedupe } from './handmade.ts'
import type { Doing, History } from './history.ts'
import { judge, type Verdict } from './judge.ts'
import { type Nuisance, type Planned, plan, runNemesis } from './nemesis.ts'
import { startPostgresPair } from './postgresPair.ts'
import { startRedisPair } from './redisPair.ts'
import { createRefreshProxies } from './refreshProxy.ts'
import { createWorkload } from './workload.ts'

export type ServerKind = 'ours' | Dedupe

/** Where the sessions are, each with a replica that has what was acknowledged. */
const PAIRS = { redis: startRedisPair, postgres: startPostgresPair } as const
export type StoreKind = keyof typeof PAIRS
export const STORES = Object.keys(PAIRS) as readonly StoreKind[]

export interface ChaosOptions {
  readonly seed: number
  readonly seconds: number
  readonly sessions: number
  /** Ours, or one that people write by hand. @default 'ours' */
  readonly server?: ServerKind
  /** @default 'redis' */
  readonly store?: StoreKind
  /** A mistake to put into the processes; see test/proof/mistakes. @default none */
  readonly bug?: string | undefined
  /** What may go wrong. @default everything */
  readonly nemesis?: readonly Nuisance[] | undefined
  /** How many of a hundred rounds of a client end with its logout. @default 1 */
  readonly logouts?: number
  /** Ends as soon as a rule is broken. @default false */
  readonly untilCaught?: boolean
  /** Ends the run at once, without a judgement. */
  readonly stop: AbortSignal
  readonly onPlan?: (planned: readonly Planned[]) => void
  /** Told every few seconds, from 0 on. */
  readonly onElapsed?: (ms: number) => void
}

export interface Report extends Verdict {
  readonly figures: Figures
  readonly history: History
}

const PROCESSES = 3
const PANEL = 'http://panel.localhost'
const BEARER_MS = 24_000
/** So often it is looked whether a rule was broken; what is younger is not settled yet. */
const LOOK_MS = 5_000
const LIMITS = {
  /** Two clocks of processes differ by twice their offset, and a JWT tells whole seconds. */
  skewMs: 4_000,
  /** A caller's patience, the calls of the store that time out on its way, and the noise of a busy machine. */
  callMs: 10_000,
  attemptMs: 4_000,
}

/** What is to be said of what happened. */
export function reportOf(history: History): Report {
  const verdict = judge(history, LIMITS)
  return { ...verdict, figures: figuresOf(history, verdict), history }
}

/** Three processes, a real store, backend and provider; a seed decides what goes wrong. Then everything is judged. */
export async function runChaos(options: ChaosOptions): Promise<Report> {
  const { seed, seconds, sessions, stop, store: kind = 'redis' } = options
  const totalMs = seconds * 1_000
  const planned = plan(random(seed), totalMs, PROCESSES, options.nemesis)
  options.onPlan?.(planned)
  const backend = await startBackend({ panelUrl: PANEL, knobs: { sessionMs: BEARER_MS } })
  const store = await PAIRS[kind]()
  const proxies = createRefreshProxies(backend.url, random(seed + 1))
  const secret = randomBytes(32).toString('hex')
  const ways: string[] = []
  for (let i = 0; i < PROCESSES; i++) ways.push(await proxies.start(i))
  const fleet = createFleet(PROCESSES, async (i) => ({
    BACKEND: ways[i] ?? '',
    BROWSER_BACKEND: backend.url,
    PUBLIC_URL: `${PANEL}/`,
    STORE: kind,
    STORE_URL: store.url,
    SECRET: secret,
    SERVER: options.server ?? 'ours',
    BUG: options.bug ?? '',
  }))
  try {
    for (let i = 0; i < PROCESSES; i++) await fleet.start(i)
    const startedAt = Date.now()
    const workload = createWorkload(fleet, PANEL, random(seed + 2), (options.logouts ?? 1) / 100)
    const doings: Doing[] = []
    const { presentations, issues, arrivals, revoked } = proxies
    const { calls, logouts, losses } = workload
    const historyNow = (): History => ({
      startedAt,
      presentations,
      issues,
      arrivals,
      revoked,
      calls,
      logouts,
      losses,
      doings,
      stored: fleet.stored,
      stalls: fleet.stalls,
      notices: fleet.notices,
      logins: workload.begun(),
      reuseDetections: backend.log.reuseDetections(),
    })
    const over = new AbortController()
    const working = workload.start(sessions)
    const nemesis = runNemesis(planned, {
      fleet,
      store,
      wire: proxies.faults,
      random: random(seed + 3),
      doings,
      over: over.signal,
      stop,
    })
    async function toTheEnd() {
      for (let leftMs = totalMs; leftMs > 0; leftMs -= LOOK_MS) {
        options.onElapsed?.(totalMs - leftMs)
        await sleep(Math.min(leftMs, LOOK_MS), undefined, { signal: stop })
        const settledMs = Date.now() - startedAt - LOOK_MS
        const isCaught = () => judge(historyNow(), LIMITS).violations.some(({ at }) => at < settledMs)
        if (options.untilCaught && isCaught()) break
      }
      over.abort()
      workload.stop()
    }
    await Promise.all([nemesis, toTheEnd()])
    await working
    const history = historyNow()
    if (!history.presentations.some(({ fate }) => fate === 'delivered'))
      throw new Error('Nothing was renewed, so the run says nothing.')
    return reportOf(history)
  } finally {
    fleet.close()
    store.close()
    proxies.close()
    await backend.close()
  }
}
