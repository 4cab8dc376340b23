import { MEMORY_MS } from '../../machines/session.ledger.ts'
import type { Clock } from '../base/clock.ts'
import type { RefreshOutcome } from '../session/strategy.ts'
import type { EndedElsewhere, Flight, FlightIdentity } from './coordinator.ts'
import { type Answer, flightMemory, type PastFlight } from './flightMemory.ts'
import { flightText, scopeText } from './flightText.ts'
import type { Paces } from './paces.ts'
import { replayWindow } from './replayWindow.ts'
import { sent } from './sent.ts'

export interface CoalescerOptions {
  /** How long a successful flight is remembered; milliseconds. 0: `send` itself knows of late callers. */
  readonly replayWindowMs: number
  readonly maxEntries: number
  readonly clock: Clock
  readonly hash: (input: string) => string | Promise<string>
  /** The pace at which tokens may be sent; absent: `send` itself keeps a pace. */
  readonly paces?: Paces
}

/** A flight whose `send` gets the key of its token. */
export interface KeyedFlight extends Pick<Flight, 'identity' | 'origin' | 'ask'> {
  send(key: string): Promise<RefreshOutcome>
}

interface InTheAir {
  readonly scope: string
  readonly refreshToken: string | undefined
  /** The answer for followers: the outcome, or `ended` as soon as the session logs out. */
  readonly answer: Promise<Answer>
  readonly settle: (answer: Answer) => void
  hasFollowers: boolean
  ended: boolean
}

/** The fields of an outcome besides its kind: only an `ok` has tokens. */
interface Told {
  readonly kind: RefreshOutcome['kind']
  readonly refreshToken?: string
  readonly final?: true
}

interface Ask {
  readonly scope: string
  /** The tombstones that may concern it. */
  burying: Promise<unknown>
  ended: boolean
}

const ENDED: EndedElsewhere = { kind: 'ended' }

/**
 * Makes one send of many in one process. A caller that asks during a send gets its result, and so does a late caller
 * with a token that is spent. The coalescer does not decide whether a token may be sent at all: `send` asks its ledger.
 */
export function coalescer({ replayWindowMs, maxEntries, clock, hash, paces }: CoalescerOptions) {
  const asking = new Set<Ask>()
  const air = new Map<string, InTheAir>()
  const past = flightMemory(replayWindow<PastFlight>(replayWindowMs, maxEntries, clock))
  /** The tombstones whose hash is not yet computed. */
  let burying: Promise<unknown> = Promise.resolve()

  async function run(flight: KeyedFlight): Promise<Answer> {
    const { identity, origin } = flight
    const scope = scopeText(identity)
    const ask: Ask = { scope, burying, ended: false }
    asking.add(ask)
    let key: string
    try {
      key = await hash(flightText(identity))
      for (let awaited: unknown; awaited !== ask.burying; ) {
        awaited = ask.burying
        await awaited
      }
    } catch {
      // Nothing was sent.
      return { kind: 'refused', cause: 'misconfigured' }
    } finally {
      asking.delete(ask)
    }
    // No await from here to the entry in `air`: a second caller must find the entry.
    if (ask.ended) {
      if (identity.refreshToken !== undefined) past.set(key, { scope, answer: ENDED })
      return ENDED
    }
    const flying = air.get(key)
    if (flying) {
      flying.hasFollowers = true
      return flying.answer
    }
    const known = past.get(key)
    if (known?.value.answer) return aged(known.value.answer, known.ageMs)
    const waitMs = paces?.enter(origin, key, flight.ask.isEarly === true) ?? 0
    return typeof waitMs === 'number' && waitMs > 0 ? limited(waitMs) : lead(flight, key, scope, waitMs)
  }

  async function lead(
    flight: KeyedFlight,
    key: string,
    scope: string,
    asked: number | Promise<number>,
  ): Promise<Answer> {
    const { refreshToken } = flight.identity
    const entry = inTheAir(scope, refreshToken)
    air.set(key, entry)
    const outcome = await paced(flight, key, entry, asked)
    const { refreshToken: next }: Told = outcome
    // The send is still running, so a logout meanwhile ends it.
    const successor = replayWindowMs > 0 ? await successorKey(flight.identity, next) : undefined
    if (air.get(key) === entry) air.delete(key)
    if (entry.ended) {
      if (refreshToken !== undefined) past.set(key, { scope, answer: ENDED })
      return { kind: 'ended', late: outcome }
    }
    if (refreshToken !== undefined) remember(key, scope, outcome, refreshToken, successor)
    const answer: Answer =
      entry.hasFollowers && outcome.kind === 'ok' ? { ...outcome, shared: true } : outcome
    entry.settle(answer)
    return answer
  }

  /** Sends, unless its origin is to be spared, or somebody has logged out while that was asked. */
  async function paced(
    flight: KeyedFlight,
    key: string,
    entry: InTheAir,
    asked: number | Promise<number>,
  ): Promise<RefreshOutcome> {
    const waitMs = typeof asked === 'number' ? asked : await asked
    if (waitMs > 0 || entry.ended) return limited(waitMs)
    const sentAt = clock.monotonic()
    const outcome = await sent(() => flight.send(key))
    paces?.learn(flight.origin, outcome, sentAt)
    return outcome
  }

  function remember(
    key: string,
    scope: string,
    outcome: RefreshOutcome,
    sentToken: string,
    successor: string | undefined,
  ): void {
    const { kind, final, refreshToken: next = sentToken }: Told = outcome
    // The ledger remembers the outcome of the token, and a logout must find its key.
    if (kind === 'unknown' || kind === 'rejected') past.set(key, { scope }, MEMORY_MS)
    // Another token has replaced it, or there will be none.
    else if (final || next !== sentToken) past.set(key, { scope, answer: outcome, successor })
    // An unchanged token is alive.
    else if (kind === 'ok') past.delete(key)
  }

  async function successorKey(
    identity: FlightIdentity,
    refreshToken: string | undefined,
  ): Promise<string | undefined> {
    try {
      if (refreshToken !== undefined) return await hash(flightText({ ...identity, refreshToken }))
    } catch {
      // The result of the flight counts all the same.
    }
  }

  function end(identity: FlightIdentity): void {
    const scope = scopeText(identity)
    const { refreshToken, sessionId } = identity
    const isAll = sessionId !== undefined || refreshToken === undefined
    for (const [key, entry] of air)
      if (entry.scope === scope && (isAll || entry.refreshToken === refreshToken)) bury(key, scope)
    if (isAll) for (const key of past.keysOf(scope)) bury(key, scope)
    if (refreshToken !== undefined) burying = Promise.allSettled([burying, buryToken(identity, scope, isAll)])
    for (const ask of asking) {
      if (ask.scope !== scope) continue
      ask.burying = burying
      if (isAll) ask.ended = true
    }
  }

  async function buryToken(identity: FlightIdentity, scope: string, isAll: boolean): Promise<void> {
    const key = await hash(flightText(identity))
    for (const each of isAll ? [key] : past.lineage(key)) bury(each, scope)
  }

  function bury(key: string, scope: string): void {
    const entry = air.get(key)
    if (entry) {
      entry.ended = true
      entry.settle(ENDED)
    }
    // The next login of a cookie jar asks under the same key.
    if (entry && entry.refreshToken === undefined) air.delete(key)
    else past.set(key, { scope, answer: ENDED })
  }

  return { run, end }
}

function inTheAir(scope: string, refreshToken: string | undefined): InTheAir {
  let settle: InTheAir['settle'] = () => {}
  const answer = new Promise<Answer>((resolve) => {
    settle = resolve
  })
  return { scope, refreshToken, answer, settle, hasFollowers: false, ended: false }
}

const limited = (retryAfterMs: number) => ({ kind: 'refused', cause: 'limited', retryAfterMs }) as const

/** The remembered answer, with its age as of now. */
function aged(answer: Answer, ageMs: number): Answer {
  return answer.kind === 'ok' ? { ...answer, ageMs: (answer.ageMs ?? 0) + ageMs } : answer
}
