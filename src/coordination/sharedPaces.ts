import type { Clock } from '../base/clock.ts'
import { within } from '../base/within.ts'
import type { ServerStore } from '../stores/serverStore.ts'
import { enter, freshPace, learned, PACE, type Pace } from './pace.ts'
import { paceNews } from './paceNews.ts'
import type { Paces } from './paces.ts'
import { placesInLine } from './placesInLine.ts'

/** Where processes share their paces, and the clock that they share. */
export type PaceStore = Pick<ServerStore, 'read' | 'compareAndSet'> & Required<Pick<ServerStore, 'now'>>

/** While no process spares an origin, the store is read this rarely for it. */
const KNOWN_MS = 1_000
/** How often the store is asked for its clock. */
const CLOCK_MS = 60_000
/** The store's clock may be behind after a failover. No caller waits for the new clock to catch up with the old one. */
const AHEAD_MS = 5_000
/** For this long after a backend's first word the count of successes is incomplete. */
const PART_MS = 2 * PACE.recentMs
/** All refreshes of an origin wait for the store. If it does not answer for this long, it counts as away. */
const STORE_MS = 5_000
/** If a try fails, the write of another process has succeeded. */
const TRIES = 20

/** What happens to a pace at an instant. */
type Step = (pace: Pace, now: number) => Pace

/** One origin, as this process sees it. */
interface Lane {
  /** As it was read or written last, on the monotonic clock. */
  known: { readonly pace: Pace; readonly at: number } | undefined
  /** What goes into the next write. */
  readonly steps: Step[]
  /** When this process was told last that the origin is spared, on the monotonic clock. */
  sparedAt: number
  /** The successes of this process alone while no caller was held back. */
  own: Pace
  running: Promise<void>
  next: Promise<void> | undefined
}

/**
 * The pace of each origin, shared by all processes that share `store`. Each origin has one entry in the store. One
 * compare-and-set writes everything that has happened in a process since its last write. While the store is away, each
 * process uses what it knows.
 */
export function sharedPaces(store: PaceStore, clock: Clock): Paces {
  const lanes = new Map<string, Lane>()
  const places = placesInLine(clock)
  /** From the monotonic clock of this process to the clock of the store. */
  let offset = clock.wall() - clock.monotonic()
  let clockAt = -Infinity
  const now = () => clock.monotonic() + offset

  async function readClock(): Promise<void> {
    const asked = clock.monotonic()
    if (asked - clockAt < CLOCK_MS) return
    const told = await store.now()
    const came = clock.monotonic()
    // The store read its clock at an unknown instant of the round trip.
    offset = told - (asked + came) / 2
    clockAt = came
  }

  function laneOf(origin: string): Lane {
    const lane = lanes.get(origin) ?? {
      known: undefined,
      steps: [],
      sparedAt: -Infinity,
      own: freshPace(now()),
      running: Promise.resolve(),
      next: undefined,
    }
    lanes.set(origin, lane)
    return lane
  }

  /** Resolves when `step` is written. Steps that come while a write is running go into the next write together. */
  function write(origin: string, step: Step): Promise<void> {
    const lane = laneOf(origin)
    lane.steps.push(step)
    lane.next ??= lane.running.then(() => {
      lane.next = undefined
      lane.running = commit(`pace ${origin}`, lane, lane.steps.splice(0))
      return lane.running
    })
    return lane.next
  }

  async function commit(key: string, lane: Lane, steps: readonly Step[]): Promise<void> {
    const after = (pace: Pace) => {
      const next = steps.reduce((each, step) => step(each, now()), pace)
      if (isUnlimited(lane) && next.rate < PACE.unlimited) lane.sparedAt = clock.monotonic()
      lane.known = { pace: next, at: clock.monotonic() }
      return next
    }
    let isLate = false
    async function share(): Promise<void> {
      await readClock()
      for (let tries = 0; tries < TRIES && !isLate; tries++) {
        const entry = await store.read(key)
        if (isLate) return
        const found = readPace(entry?.value, now())
        const next = after(found)
        if (next === found) return
        const written = { value: JSON.stringify(next), expiresAt: clock.wall() + PACE.memoryMs }
        if ((await store.compareAndSet(key, entry?.revision ?? null, written)) !== null) return
      }
    }
    try {
      await within(clock, STORE_MS, share, () => new Error('The store did not answer in time.'))
    } catch {
      isLate = true
      after(lane.known?.pace ?? freshPace(now()))
    }
  }

  /** As far as is known, no process spares the origin. */
  const isUnlimited = ({ known }: Lane) => known !== undefined && known.pace.rate >= PACE.unlimited

  return {
    enter(origin, key, isEarly) {
      const lane = laneOf(origin)
      const { at = -Infinity, pace } = lane.known ?? {}
      const isRecent = clock.monotonic() - at < KNOWN_MS
      if (isRecent && isUnlimited(lane) && (pace?.closedUntil ?? 0) <= now()) return 0
      const placeAt = places.of(key)
      let waitMs = 0
      const step: Step = (before, at) => {
        const entered = enter(before, { placeAt, isEarly }, at)
        waitMs = entered.waitMs
        return entered.pace
      }
      return write(origin, step).then(() => {
        places.told(key, placeAt, now(), waitMs)
        return Math.ceil(waitMs)
      })
    },
    learn(origin, outcome, sentAt) {
      const news = paceNews(outcome)
      if (!news) return
      const lane = laneOf(origin)
      if (news.kind === 'won' && isUnlimited(lane)) {
        // If no caller is held back, a success is no news for the other processes.
        lane.own = learned(lane.own, news, sentAt + offset, now())
        return
      }
      // The next caller is told of it.
      if (lane.known) lane.known = { ...lane.known, at: -Infinity }
      void write(origin, (pace, at) => {
        const isFirst = pace.rate >= PACE.unlimited
        // A send from before this process knew of the pace says nothing about the pace that the others have found.
        const isOld = !isFirst && (isUnlimited(lane) || sentAt < lane.sparedAt)
        const { wins, wonAt } = isFirst ? lane.own : pace
        const next = learned({ ...pace, wins, wonAt }, news, isOld ? -Infinity : sentAt + offset, at)
        // The successes of the other processes are not counted yet, so the rate of the backend is not known.
        const isPart = isFirst || clock.monotonic() - lane.sparedAt < PART_MS
        return isPart ? { ...next, threshold: pace.threshold } : next
      })
    },
  }
}

const FIELDS = Object.keys(freshPace(0)) as (keyof Pace)[]

/** The stored pace; a new one if there is none, or if it is unreadable. */
function readPace(value: string | undefined, now: number): Pace {
  try {
    const pace = JSON.parse(value ?? '{}') as Pace
    if (FIELDS.every((name) => Number.isFinite(pace[name])) && pace.at - now <= AHEAD_MS) return pace
  } catch {
    // Another program may write there.
  }
  return freshPace(now)
}
