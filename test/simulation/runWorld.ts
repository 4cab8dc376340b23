import { START } from '../proof/world/place.ts'
import { type Random, random } from '../proof/world/random.ts'
import { createBackend, type Route } from './backend.ts'
import { createCourt, type Violation } from './court.ts'
import { CRASH, crashText, onCrash } from './crashes.ts'
import { type Fault, type FaultKind, KINDS, planFaults, STORE, WIRE } from './faults.ts'
import { createFleet, type Fleet } from './fleet.ts'
import { createPages, type PageSetup, type Pages } from './pages.ts'
import { createProvider, type Rotation } from './provider.ts'
import { createRecordStore, type RecordStore } from './recordStore.ts'
import { createTime, outOfTime } from './time.ts'
import { createTrace, type Line } from './trace.ts'
import { createVisitor } from './visitor.ts'
import { createWire } from './wire.ts'

export interface WorldOptions {
  readonly seed: number
  /** How long it goes on; simulated. */
  readonly hours: number
  readonly sessions: number
  /** Behind a fleet of servers. @default in browsers of their own */
  readonly isFleet?: boolean | undefined
  /** Only these of them. @default all */
  readonly onlySessions?: readonly number[] | undefined
  /** Only these of the planned faults, by number. @default all */
  readonly onlyFaults?: readonly number[] | undefined
  readonly onLine?: (seat: number, line: Line) => void
}

/** Somebody with a session, in a browser of their own or at the fleet. */
interface Seat {
  readonly user: Pick<Pages, 'start' | 'dispose' | 'liveMs' | 'families'>
  readonly pages?: Pages
  readonly store?: RecordStore | undefined
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
  /** How often a session moved from one state to another. Behind a fleet nobody looks. */
  readonly moves: Record<string, number>
}

const HOUR = 3_600_000
const MINUTE = 60_000
const LEAD_MS = 30_000
const PROCESSES = 3
/** Of bearers, and how many worlds of 24 have them. Mostly long: what happens is rare, and hours are many. */
const LIVES = [
  [3 * MINUTE, 1],
  [15 * MINUTE, 3],
  [HOUR, 8],
  [4 * HOUR, 8],
  [12 * HOUR, 4],
].flatMap(([lifeMs = 0, worlds = 0]) => Array<number>(worlds).fill(lifeMs))

/** A stream of numbers of its own for everybody: who is left out changes nothing for the others. */
export const streamOf = (seed: number, name: string): Random => {
  let mixed = seed ^ 0x9e3779b9
  for (let i = 0; i < name.length; i++) mixed = Math.imul(mixed ^ name.charCodeAt(i), 0x01000193)
  return random(mixed ^ (mixed >>> 15))
}

/** One world from its beginning to its end; the seed decides everything. */
export async function runWorld(options: WorldOptions): Promise<WorldResult> {
  const { seed, hours, sessions, isFleet = false } = options
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
  const isNever = general.next() < 0.3
  const offsets = Array.from({ length: PROCESSES }, () => general.between(-1_000, 1_000))
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
  const court = createCourt({ time, trace, provider, lifeMs, rulesOf: setup, slackOf })
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
    court,
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
      const forMs = 5_000 + Math.round(fault.roll * 60_000)
      if (fleet) fleet.crash(fleet.places().indexOf(place), forMs)
      else seats.get(seat)?.pages?.crash(forMs)
    },
  })
  const seats = new Map<number, Seat>()
  const all = setups.map((_, seat) => seat).filter((seat) => options.onlySessions?.includes(seat) ?? true)
  const fleet = isFleet ? openFleet() : undefined
  // Of several sessions none says that it was hers.
  const crashed = (error: unknown) =>
    court.violate(CRASH, all.length === 1 ? (all[0] as number) : -1, crashText(error))
  const stopHearing = onCrash(crashed)
  for (const seat of all) {
    const own = fleet ? visit(seat, fleet) : browse(seat)
    seats.set(seat, own)
    own.user.start()
  }

  function browse(seat: number): Seat {
    const store = setup(seat).isStored ? storeOf(seat) : undefined
    const own = {
      time,
      court,
      backend,
      seat,
      setup: setup(seat),
      random: streamOf(seed, `seat ${seat}`),
      pace: streamOf(seed, `pace ${seat}`),
      store,
      fetchOf,
    }
    const pages = createPages(own)
    return { user: pages, pages, store }
  }

  function openFleet(): Fleet {
    return createFleet({
      time,
      court,
      provider,
      processes: PROCESSES,
      rules: setup(0),
      random: streamOf(seed, 'fleet'),
      offsetOf: (process) => offsets[process] ?? 0,
      storeFaults: (process) =>
        active.filter(
          ({ kind, scope = process }) =>
            (STORE as readonly string[]).includes(kind) && scope % PROCESSES === process,
        ),
      hit,
      fetchOf,
      seats: all,
    })
  }

  function visit(seat: number, fleet: Fleet): Seat {
    const way = setup(seat).route === 'openid' ? ('openid' as const) : ('password' as const)
    const random = streamOf(seed, `seat ${seat}`)
    const { ofLogin: grantOf } = provider
    return { user: createVisitor({ time, court, fleet, seat, random, way, grantOf }) }
  }

  /** How wrong a seat's wall clock was when it learned of something, and by how much it has jumped since. */
  function slackOf(seat: number, since: number): number {
    if (isFleet) {
      // Several clocks have a part in it.
      const apart = Math.max(...offsets) - Math.min(...offsets)
      return 50 + apart + 2 * jumps.reduce((sum, { ms }) => sum + Math.abs(ms), 0)
    }
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
      court,
      seat,
      random: streamOf(seed, `store ${seat}`),
      faults: () => activeOf(seat, STORE),
      hit,
      onWritten: (by) => seats.get(seat)?.pages?.onWritten(by),
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
    if (isFleet)
      return {
        route: own.pick(['openid', 'cookie']),
        copies: PROCESSES,
        policy: 'onDemand',
        resend: typeof rotation === 'object' ? rotation : isNever ? 'never' : 'afterBearerEnds',
        leadTimeMs: LEAD_MS,
        patienceMs: 8_000,
        idleTimeoutMs: 16 * HOUR,
        absoluteLifetimeMs: 7 * 24 * HOUR,
        hasIntents: true,
        isStored: true,
        offsetMs: 0,
      }
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
    if (fleet) shake(fleet, fault)
    for (const [seat, { user, pages, store }] of concerned(fault)) {
      if (kind === 'revoked')
        for (const family of user.families()) {
          hit(kind)
          provider.end(family, 'admin')
        }
      if (!pages) continue
      if (['crash', 'pause', 'sleep', 'jump', 'emptied', 'failover'].includes(kind)) hit(kind)
      if (kind === 'crash') pages.crash(Math.min(forMs, 60_000))
      if (kind === 'pause' || kind === 'sleep') {
        court.trouble(seat, kind)
        time.at(time.now() + forMs, () => court.trouble(seat, kind))
        pages.place()[kind](forMs)
      }
      if (kind === 'jump') {
        const ms = Math.round((roll - 0.5) * 2 * HOUR)
        jumps.push({ at: time.now(), seat, ms })
        court.trouble(seat, 'jump')
        pages.place().jump(ms)
      }
      if (kind === 'emptied') store?.empty()
      if (kind === 'failover') store?.failOver()
    }
    active.push(fault)
    time.at(time.now() + forMs, () => {
      active = active.filter((one) => one !== fault)
    })
  }

  /** What a fault does to the processes of a fleet: to one, or to all. */
  function shake(fleet: Fleet, { kind, forMs, scope, roll }: Fault): void {
    if (kind === 'emptied' || kind === 'failover') {
      hit(kind)
      if (kind === 'emptied') fleet.empty()
      else fleet.failOver()
      return
    }
    for (let i = 0; i < PROCESSES; i++) {
      if (scope !== undefined && scope % PROCESSES !== i) continue
      if (['crash', 'pause', 'sleep', 'jump'].includes(kind)) hit(kind)
      if (kind === 'crash') fleet.crash(i, Math.min(forMs, 60_000))
      if (kind === 'pause' || kind === 'sleep') fleet.still(i, kind, forMs)
      if (kind === 'jump') {
        const ms = Math.round((roll - 0.5) * 10 * MINUTE)
        jumps.push({ at: time.now(), seat: -1, ms })
        for (const seat of all) court.trouble(seat, 'jump')
        fleet.jump(i, ms)
      }
    }
  }

  for (let at = 0; at < totalMs; at += 10 * MINUTE) {
    const isPassing = await time.pass(Math.min(totalMs, at + 10 * MINUTE), crashed)
    court.look()
    if (!isPassing) {
      court.violate('I28', -1, 'time stands still: a timer is set for now, again and again')
      break
    }
    if (at % HOUR === 0) fleet?.forget()
  }
  let liveMs = 0
  for (const { user } of seats.values()) {
    user.dispose()
    liveMs += user.liveMs()
  }
  await outOfTime()
  stopHearing()
  return {
    hash: trace.digest(),
    violations: court.violations,
    violationCount: court.counts.violations,
    faults,
    moves: court.moves,
    counts: { ...court.counts, sessionHours: liveMs / HOUR, lines: trace.lines() },
    injected,
    lost: court.losses(),
  }
}
