import { againstRetry } from '../proof/judge/againstRetry.ts'
import type { Asked } from './backend.ts'
import type { Court } from './court.ts'
import type { Bearer, Family } from './provider.ts'
import type { Sends } from './sends.ts'
import type { Caller } from './wire.ts'

/** A call of a user: `getToken`, `fetch` or `refresh` of a page, or a request to a server. */
export interface Call {
  readonly id: string
  readonly caller: Caller
  readonly kind: 'getToken' | 'fetch' | 'refresh' | 'request'
  readonly at: number
  /** Whose session it was. */
  readonly family: Family | undefined
  /** The backend will never answer it: its caller gives it up. */
  isSwallowed?: boolean
  /** What of it reached the backend. */
  wire: { readonly bearer: Bearer; readonly body: string }[]
}

const LOGOUT_WAIT_MS = 1_000

/** I4, I5, I7, I10, I13, I23 and I24: what becomes of callers. */
export function createCalls(court: Court, sends: Sends) {
  const { time, rulesOf, slackOf, violate } = court
  const open = new Map<string, Call>()
  /** By family and place: when its session was logged out there. */
  const left = new WeakMap<Family, Map<string, number>>()
  const waiters = new Map<string, { readonly at: number; readonly results: Set<string> }>()
  let last = 0
  let settled = 0

  const leftAt = (family: Family, { place, tab }: Caller) =>
    left.get(family)?.get(`${place.name} ${tab}`) ?? left.get(family)?.get('*') ?? Infinity

  /** What a bearer may be used for: not after its logout, not before it is stored, by nobody else. */
  function judgeUse({ caller, at, family: of }: Call, bearer: Bearer, what: string): void {
    const { seat } = caller
    const { family, number } = bearer
    if (family.seat !== seat) violate('I7', seat, `${what} with a bearer of seat ${family.seat}`)
    else if (of && of.user !== family.user && family.startedAt < of.startedAt)
      violate('I7', seat, `${what} for ${of.user} with a bearer of ${family.user}`)
    if (at > leftAt(family, caller)) violate('I5', seat, `${what} after the logout of ${family.id}`)
    const { isStored } = rulesOf(seat)
    const unkept = court.troubled(seat, bearer.mintedAt, ['persistFailed', 'emptied', 'failover'])
    if (isStored && number > sends.of(family).stored.number && !unkept)
      violate('I4', seat, `${what} with bearer ${family.id}-${number}, which is not stored`)
  }

  function finish(call: Call): void {
    open.delete(call.id)
    settled += 1
    const { caller, kind, at } = call
    const tookMs = time.now() - at
    const patience = kind === 'request' ? 30_000 : rulesOf(caller.seat).patienceMs + 3 * 5_000
    const wasStill = caller.place.isStill() || court.troubled(caller.seat, at, ['pause', 'sleep'])
    // A `fetch` waits for the backend, too.
    const most = kind === 'fetch' || kind === 'request' ? patience + 45_000 : patience
    if (tookMs > most && !wasStill && !call.isSwallowed)
      violate('I23', caller.seat, `${kind} took ${tookMs} ms`)
  }

  return {
    started(caller: Caller, kind: Call['kind'], family: Family | undefined): Call {
      const call: Call = { id: `${caller.seat}.${++last}`, caller, kind, at: time.now(), family, wire: [] }
      open.set(call.id, call)
      court.trace.note(caller.seat, `tab ${caller.tab} ${kind} ${call.id}`)
      return call
    },
    /** `bearer`: what `getToken` gave. `result`: how it ended, in a word. */
    settled(call: Call, result: string, bearer?: Bearer | undefined): void {
      const { caller, kind, family } = call
      court.trace.note(caller.seat, `tab ${caller.tab} ${kind} ${call.id}: ${result}`)
      finish(call)
      if (bearer) {
        judgeUse(call, bearer, 'getToken answers')
        const received = sends.of(bearer.family).received
        const lateMs = time.now() - bearer.endsAt - slackOf(caller.seat, bearer.mintedAt)
        // The life counts from when it came, and is told in whole seconds.
        const travelledMs = received.number === bearer.number ? received.at - bearer.mintedAt : 80_000
        if (lateMs > 2_000 + travelledMs)
          violate('I13', caller.seat, `a bearer is given out ${lateMs} ms after its end`)
      }
      if (kind !== 'getToken') return
      // I24: who waited together is told the same.
      const key = `${caller.place.name} ${caller.tab} ${family?.id} ${call.at}`
      const together = waiters.get(key)
      const said = bearer ? `bearer ${bearer.number}` : result
      if (together?.at === time.now()) {
        together.results.add(said)
        if (together.results.size > 1)
          violate(
            'I24',
            caller.seat,
            `callers who waited together were told ${[...together.results].join(' and ')}`,
          )
      } else {
        if (waiters.size > 200) waiters.clear()
        waiters.set(key, { at: time.now(), results: new Set([said]) })
      }
    },
    swallowed(asked: Asked): void {
      const call = open.get(asked.url.searchParams.get('call') ?? '')
      // A page gives it up in time; a server leaves that to its client.
      if (call?.kind === 'request') call.isSwallowed = true
    },
    /** A call reaches the backend. */
    arrived(caller: Caller, asked: Asked, bearer: Bearer | undefined): void {
      const call = open.get(asked.url.searchParams.get('call') ?? '')
      if (!call || !bearer) return
      if (call.kind !== 'getToken') judgeUse(call, bearer, 'a call is sent')
      call.wire.push({ bearer, body: asked.body })
      for (const how of againstRetry(call.wire)) violate('I10', caller.seat, `call ${call.id} is sent ${how}`)
    },
    /** From now on nothing goes out for this login: from one tab, or from anywhere. */
    left(family: Family, by?: Caller): void {
      const name = by ? `${by.place.name} ${by.tab}` : '*'
      const own = left.get(family) ?? new Map<string, number>()
      left.set(family, own)
      if (!own.has(name)) own.set(name, time.now())
    },
    leftAt,
    /** Its user logged out, wherever. */
    hasLeft: (family: Family) => left.has(family),
    /** Who called from there has nobody to answer. */
    died(name: string): void {
      for (const [id, call] of open) if (call.caller.place.name === name) open.delete(id)
    },
    /** I23: who still waits, and since when. */
    judgeOpen(): void {
      for (const call of [...open.values()])
        if (time.now() - call.at > 120_000 + LOGOUT_WAIT_MS && !call.caller.place.isStill()) {
          violate(
            'I23',
            call.caller.seat,
            `${call.kind} ${call.id} still waits after ${time.now() - call.at} ms`,
          )
          open.delete(call.id)
        }
    },
    settledCount: () => settled,
  }
}

export type Calls = ReturnType<typeof createCalls>
