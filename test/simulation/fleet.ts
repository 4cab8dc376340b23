import { deriveKey, unseal } from '../../src/platform/crypto.node.ts'
import type { ServerRecord } from '../../src/server/serverRecord.ts'
import type { SessionServer } from '../../src/server/sessionServer.ts'
import type { EntryWrite, ServerStore } from '../../src/stores/serverStore.ts'
import type { Trouble } from '../proof/judge/history.ts'
import { recordToStored } from '../proof/judge/toStored.ts'
import { createPlace, type Place, START } from '../proof/world/place.ts'
import type { Random } from '../proof/world/random.ts'
import { librechatServer } from '../server/librechatServer.ts'
import { BASE_URL, LOGINS, loginOf } from './backend.ts'
import { callStore } from './callStore.ts'
import type { Court } from './court.ts'
import type { Fault, FaultKind } from './faults.ts'
import type { Family, Provider } from './provider.ts'
import type { Time } from './time.ts'
import type { Caller } from './wire.ts'
import type { SeatRules } from './worldOf.ts'

const SECRET = 'the secret of all processes of a simulated fleet'
export const PANEL = 'https://panel.example'
const HOUR = 3_600_000
const COMMAND_MS = 2_000
const LAG_MS = 2_000
const GIVE_UP_MS = 90_000

export interface FleetOptions {
  readonly time: Time
  readonly court: Court
  readonly provider: Provider
  readonly processes: number
  readonly rules: SeatRules
  readonly random: Random
  readonly offsetOf: (process: number) => number
  readonly storeFaults: (process: number) => readonly Fault[]
  readonly hit: (kind: FaultKind) => void
  readonly fetchOf: (caller: Caller) => typeof globalThis.fetch
  /** All seats that are clients of this fleet. */
  readonly seats: readonly number[]
}

interface Process {
  place: Place
  server: SessionServer
}

interface Entry extends EntryWrite {
  readonly revision: number
}

/** Processes of `createSessionServer` on one store, without a socket: requests are handed over. */
export function createFleet(options: FleetOptions) {
  const { time, court, provider, rules, random, storeFaults, hit, fetchOf, seats } = options
  const sealing = deriveKey(SECRET, 'seal')
  let entries = new Map<string, Entry>()
  let older: { readonly at: number; readonly key: string; readonly entry: Entry | undefined }[] = []
  /** Whose record it is. */
  const seatOf = new Map<string, number>()
  const familyOfName = new Map<string, Family>()
  const processes: Process[] = []
  let starts = 0

  function open(i: number): Process {
    const before = processes[i]?.place
    const place = createPlace({
      timeline: time.timeline,
      name: `process ${i}.${++starts}`,
      offsetMs: before?.offset() ?? options.offsetOf(i),
      onBadDelay: (ms) => court.violate('I28', -1, `a timer of ${ms} ms`),
    })
    const server = librechatServer({
      baseUrl: BASE_URL,
      publicUrl: `${PANEL}/`,
      secrets: [SECRET],
      store: storeOf(i, place),
      rateLimit: false,
      idleTimeoutMs: rules.idleTimeoutMs,
      absoluteLifetimeMs: rules.absoluteLifetimeMs,
      resend: rules.resend,
      clock: place.clock,
      random: random.next,
      fetch: (input, init) => fetchOf({ seat: seatOfRequest(input, init), place, tab: 0 })(input, init),
      observe(notice) {
        if (!place.isAlive() || !('epoch' in notice)) return
        const family = familyOfName.get(notice.session)
        const seat = family?.seat ?? -1
        const more =
          'reason' in notice ? ` (${notice.reason})` : 'cause' in notice ? ` (${notice.cause})` : ''
        court.trace.note(seat, `${place.name} ${notice.version} ${notice.type}${more}`)
        const { session, ...rest } = notice
        court.serverNotice({ seat, place, tab: seat }, rest, session, family?.user)
      },
    })
    return { place, server }
  }

  /** What the backend is sent says whose it is: by its bearer, its refresh token, or who logs in. */
  function seatOfRequest(input: RequestInfo | URL, init: RequestInit | undefined): number {
    const headers = new Headers(init?.headers)
    const body = typeof init?.body === 'string' ? init.body : ''
    const bearer = provider.bearer((headers.get('authorization') ?? '').replace('Bearer ', ''))
    if (bearer) return bearer.family.seat
    const path = new URL(input instanceof Request ? input.url : input).pathname
    if (LOGINS.includes(path)) return loginOf(body).seat
    const cookie = /refreshToken=([^;]*)/.exec(headers.get('cookie') ?? '')?.[1]
    const token = cookie ?? (JSON.parse(body || '{}') as { refresh_token?: string }).refresh_token ?? ''
    return provider.find(token)?.family.seat ?? -1
  }

  function recordOf(key: string, value: string): ServerRecord | undefined {
    const text = unseal(sealing, value.split('.')[2] ?? '', `session ${key}`)
    if (text === undefined) return undefined
    const written = JSON.parse(text) as ServerRecord
    // The first version is not written.
    return { ...written, session: Object.assign({ version: 1 }, written.session) }
  }

  /** Tells what is written over what. */
  function tell(place: Place, key: string, before: Entry | undefined, next: EntryWrite): void {
    const record = recordOf(key, next.value)
    if (!record) return
    const { session, intent } = record
    const family = 'ended' in session ? undefined : provider.bearer(session.bearer ?? '')?.family
    if (family) {
      seatOf.set(key, family.seat)
      familyOfName.set(key.slice(0, 12), family)
    }
    const seat = seatOf.get(key) ?? -1
    const isEnd = 'ended' in session
    court.trace.note(
      seat,
      `stored ${session.version}${isEnd ? ` ended (${record.reason})` : ''}${intent ? `, intent ${intent.sends} ${intent.closed ?? (intent.openUntil ? 'open' : 'unknown')}` : ''}`,
    )
    const old = before && recordOf(key, before.value)
    court.committed({ seat, place, tab: seat }, old ? recordToStored(old) : null, recordToStored(record))
  }

  function storeOf(i: number, place: Place): ServerStore {
    const call = <T>(key: string, apply: () => T): Promise<T> =>
      callStore(
        {
          time,
          place,
          random,
          thereMs: [0, 3],
          backMs: [1, 3],
          slowMs: [50, 3_050],
          giveUpMs: COMMAND_MS,
          faults: () => storeFaults(i),
          onFault(kind) {
            hit(kind)
            court.trouble(seatOf.get(key) ?? -1, kind)
          },
        },
        apply,
      )
    return {
      read: (key) =>
        call(key, () => {
          const entry = entries.get(key)
          return entry ? { value: entry.value, revision: entry.revision } : null
        }),
      compareAndSet: (key, expected, next) =>
        call(key, () => {
          const before = entries.get(key)
          if ((before?.revision ?? null) !== expected) return null
          tell(place, key, before, next)
          older.push({ at: time.now(), key, entry: before })
          if (older.length > 200) older = older.slice(100)
          const revision = (expected ?? 0) + 1
          entries.set(key, { ...next, revision })
          return revision
        }),
      keysOf: (tag) =>
        call('', () => [...entries].filter(([, entry]) => entry.tags?.includes(tag)).map(([key]) => key)),
    }
  }

  for (let i = 0; i < options.processes; i++) processes[i] = open(i)

  const allSeats = (what: Trouble) => {
    for (const seat of seats) court.trouble(seat, what)
  }

  return {
    places: () => processes.map(({ place }) => place),
    /** Hands a request to a process, over a network that takes a while; `undefined`: nobody answers. */
    ask(i: number, request: Request, done: (answer: Response | undefined) => void): void {
      const { place, server } = processes[i % processes.length] as Process
      let isDone = false
      const once = (answer: Response | undefined) => {
        if (isDone) return
        isDone = true
        time.at(time.now() + 2, () => done(answer))
      }
      if (!place.isAlive()) {
        once(undefined)
        return
      }
      time.at(time.now() + GIVE_UP_MS, () => once(undefined))
      place.after(random.between(1, 10), () => {
        server.handle(request).then(
          (answer) => place.isAlive() && once(answer),
          () => once(undefined),
        )
      })
    },
    crash(i: number, ms: number): void {
      const process = processes[i % processes.length]
      if (!process?.place.isAlive()) return
      court.trace.note(-1, `${process.place.name} dies, for ${ms} ms`)
      allSeats('crash')
      process.place.kill()
      court.died(process.place)
      time.at(time.now() + ms, () => {
        processes[i % processes.length] = open(i % processes.length)
      })
    },
    still(i: number, kind: 'pause' | 'sleep', ms: number): void {
      allSeats(kind)
      time.at(time.now() + ms, () => allSeats(kind))
      processes[i % processes.length]?.place[kind](ms)
    },
    jump(i: number, ms: number): void {
      processes[i % processes.length]?.place.jump(ms)
    },
    empty(): void {
      entries = new Map()
      allSeats('emptied')
    },
    failOver(): void {
      for (const { at, key, entry } of older.reverse()) {
        if (at < time.now() - LAG_MS) continue
        if (entry) entries.set(key, entry)
        else entries.delete(key)
      }
      older = []
      allSeats('failover')
    },
    /** Drops what has expired long ago. */
    forget(): void {
      const now = START + time.now()
      for (const [key, { expiresAt }] of entries) {
        if (expiresAt >= now - 6 * HOUR) continue
        entries.delete(key)
        seatOf.delete(key)
        familyOfName.delete(key.slice(0, 12))
      }
    },
  }
}

export type Fleet = ReturnType<typeof createFleet>
