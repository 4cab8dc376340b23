import { type Random, random } from '../chaos/random.ts'
import { createBackend, type Route } from './backend.ts'
import type { Violation } from './court.ts'
import { type Fault, type FaultKind, KINDS, planFaults, STORE, WIRE } from './faults.ts'
import { createJudge } from './judge.ts'
import { createPages, type PageSetup, type Pages } from './pages.ts'
import { createProvider, type Rotation } from './provider.ts'
import { createRecordStore, type RecordStore } from './recordStore.ts'
import { createTime } from './time.ts'
import { createTrace, type Line } from './trace.ts'
import { createWire } from './wire.ts'

export interface WorldOptions {
  readonly seed: number
  /** How long it goes on; simulated. */
  readonly hours: number
  readonly sessions: number
  /** Only these of them. @default all */
  readonly onlySessions?: readonly number[] | undefined
  /** Only these of the planned faults, by number. @default all */
  readonly onlyFaults?: readonly number[] | undefined
  readonly onLine?: (seat: number, line: Line) => void
}

export interface WorldResult {
  readonly hash: string
  readonly violations: readonly Violation[]
  readonly violationCount: number
  readonly faults: readonly Fault[]
  readonly counts: Record<string, number>
  /** How often each kind of fault hit something. */
  readonly injected: Record<string, number>
  readonly lost: Record<string, number>
}

const HOUR = 3_600_000
const MINUTE = 60_000
const START = Date.UTC(2026, 0, 1)
const LEAD_MS = 30_000
/** Of bearers. Mostly long: what happens is rare, and hours are many. */
const LIVES = [3 * MINUTE, 15 * MINUTE, HOUR, HOUR, HOUR, 4 * HOUR, 4 * HOUR, 12 * HOUR]

/** A stream of numbers of its own for everybody: who is left out changes nothing for the others. */
export const streamOf = (seed: number, name: string): Random => {
  let mixed = seed ^ 0x9e3779b9
  for (let i = 0; i < name.length; i++) mixed = Math.imul(mixed ^ name.charCodeAt(i), 0x01000193)
  return random(mixed ^ (mixed >>> 15))
}

/** One world from its beginning to its end; the seed decides everything. */
export async function runWorld(options: WorldOptions): Promise<WorldResult> {
  const { seed, hours, sessions } = options
  const totalMs = hours * HOUR
  const general = streamOf(seed, 'world')
  const lifeMs = general.pick(LIVES)
  const rotation: Rotation = general.pick<Rotation>([
    'strict',
    'strict',
    'strict',
    'none',
    { withinMs: 30_000 },
  ])
  const isDated = general.next() < 0.7
  const kinds = KINDS.filter(() => general.next() < 0.4)
  const gapMs = general.pick([10, 40, 120]) * MINUTE
  const planned = kinds.length > 0 ? planFaults(streamOf(seed, 'faults'), kinds, totalMs, gapMs) : []
  const faults = planned.filter(({ id }) => options.onlyFaults?.includes(id) ?? true)

  const time = createTime()
  const trace = createTrace(time, options.onLine)
  const provider = createProvider(time, rotation)
  const setups = Array.from({ length: sessions }, (_, seat) => setupOf(seat))
  const setup = (seat: number) => setups[seat] as PageSetup
  const jumps: { readonly at: number; readonly seat: number; readonly ms: number }[] = []
  const judge = createJudge(
    {
      time,
      trace,
      lifeMs,
      rulesOf: setup,
      slackOf,
    },
    provider,
  )
  const backend = createBackend({ provider, lifeMs, wall: () => START + time.now(), isDated })
  const injected: Record<string, number> = {}
  const hit = (kind: FaultKind) => {
    injected[kind] = (injected[kind] ?? 0) + 1
  }
  let active: Fault[] = []
  const wires = new Map<number, Random>()
  const isConcerned = ({ scope }: Fault, seat: number) => scope === undefined || scope % 4 === seat % 4
  const activeOf = (seat: number, of: readonly string[]) =>
    active.filter((fault) => of.includes(fault.kind) && isConcerned(fault, seat))
  const fetchOf = createWire({
    time,
    trace,
    judge,
    backend,
    faultsOf: (seat) => (active.length === 0 ? active : activeOf(seat, WIRE)),
    hit,
    randomOf(seat) {
      const known = wires.get(seat) ?? streamOf(seed, `wire ${seat}`)
      wires.set(seat, known)
      return known
    },
    onProcessed({ seat, place }) {
      const fault = active.find((one) => one.kind === 'crashAtAnswer' && isConcerned(one, seat))
      if (!fault || !place.isAlive()) return
      active = active.filter((one) => one !== fault)
      hit('crashAtAnswer')
      seats.get(seat)?.pages.crash(5_000 + Math.round(fault.roll * 60_000))
    },
  })
  const seats = new Map<number, { readonly pages: Pages; readonly store: RecordStore | undefined }>()
  for (let seat = 0; seat < sessions; seat++) {
    if (options.onlySessions && !options.onlySessions.includes(seat)) continue
    const store = setup(seat).isStored ? storeOf(seat) : undefined
    const pages = createPages({
      time,
      judge,
      backend,
      seat,
      setup: setup(seat),
      random: streamOf(seed, `seat ${seat}`),
      store,
      fetchOf,
    })
    seats.set(seat, { pages, store })
    pages.start()
  }

  /** How wrong a seat's wall clock was when it learned of something, and by how much it has jumped since. */
  function slackOf(seat: number, since: number): number {
    let offset = setup(seat).offsetMs
    let jumped = 0
    for (const jump of jumps) {
      if (jump.seat !== seat) continue
      if (jump.at < since) offset += jump.ms
      else jumped += Math.abs(jump.ms)
    }
    return 50 + Math.abs(offset) + jumped
  }

  function storeOf(seat: number): RecordStore {
    return createRecordStore({
      time,
      judge,
      seat,
      random: streamOf(seed, `store ${seat}`),
      faults: () => activeOf(seat, STORE),
      hit,
      onWritten: (by) => seats.get(seat)?.pages.onWritten(by),
    })
  }

  function setupOf(seat: number): PageSetup {
    const own = streamOf(seed, `setup ${seat}`)
    const copies = own.pick([1, 1, 1, 2, 3])
    const route: Route = own.pick(['openid', 'openid', 'cookie', 'oauth'])
    const resend =
      typeof rotation === 'object'
        ? rotation
        : own.next() < 0.3
          ? ('never' as const)
          : ('afterBearerEnds' as const)
    const isStored = own.next() < 0.5 || copies > 1
    return {
      route,
      copies,
      policy: own.pick(['eager', 'eager', 'eager', 'onDemand', 'onDemand', 'onDemand', 'prompt']),
      resend,
      leadTimeMs: LEAD_MS,
      patienceMs: 8_000,
      idleTimeoutMs: own.next() < 0.3 ? 2 * HOUR : Infinity,
      absoluteLifetimeMs: own.next() < 0.3 ? 30 * HOUR : Infinity,
      hasIntents: false,
      isStored,
      isRevocable: true,
      offsetMs: own.next() < 0.15 ? own.between(-300_000, 300_000) : own.between(-500, 500),
    }
  }

  for (const fault of faults) time.at(fault.at, () => begin(fault))

  /** One seat that a fault of places, stores or grants is about. */
  const concerned = (fault: Fault) => [...seats].filter(([seat]) => isConcerned(fault, seat))

  function begin(fault: Fault): void {
    const { kind, forMs, roll } = fault
    trace.note(
      -1,
      `fault ${fault.id} ${kind} for ${forMs} ms${fault.scope === undefined ? '' : `, scope ${fault.scope % 4}`}`,
    )
    for (const [seat, { pages, store }] of concerned(fault))
      switch (kind) {
        case 'crash':
          hit(kind)
          pages.crash(Math.min(forMs, 60_000))
          break
        case 'pause':
        case 'sleep':
          hit(kind)
          judge.trouble(seat, kind)
          pages.place()[kind](forMs)
          break
        case 'jump': {
          hit(kind)
          const ms = Math.round((roll - 0.5) * 2 * HOUR)
          jumps.push({ at: time.now(), seat, ms })
          pages.place().jump(ms)
          break
        }
        case 'emptied':
          hit(kind)
          store?.empty()
          break
        case 'failover':
          hit(kind)
          store?.failOver()
          break
        case 'revoked':
          for (const family of pages.families()) {
            hit(kind)
            provider.end(family, 'admin')
          }
          break
        default:
      }
    active.push(fault)
    time.at(time.now() + forMs, () => {
      active = active.filter((one) => one !== fault)
    })
  }

  for (let at = 0; at < totalMs; at += 10 * MINUTE) {
    await time.pass(Math.min(totalMs, at + 10 * MINUTE))
    judge.look()
  }
  let liveMs = 0
  for (const { pages } of seats.values()) {
    pages.dispose()
    liveMs += pages.liveMs()
  }
  return {
    hash: trace.digest(),
    violations: judge.violations,
    violationCount: judge.count(),
    faults,
    counts: { ...judge.counts, sessionHours: liveMs / HOUR, lines: trace.lines() },
    injected,
    lost: judge.lost,
  }
}
