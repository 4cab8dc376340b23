import { type Clock, systemClock } from '../session/clock.ts'
import { Misconfigured } from '../session/errors.ts'
import type { RefreshOutcome } from '../strategies/strategy.ts'
import { breaker } from './breaker.ts'
import type { Coordinator, EndedElsewhere, Flight, FlightIdentity } from './coordinator.ts'
import { flightText, scopeText } from './flightText.ts'
import { keyedHash } from './keyedHash.ts'
import { replayWindow } from './replayWindow.ts'

/** How much an `inProcessCoordinator` remembers, and for how long. */
export interface InProcessOptions {
  /**
   * How long a finished flight is remembered; milliseconds, more than 0. Default 60 000. A token that was rejected, or
   * whose outcome is unknown, is remembered for at least a day.
   */
  readonly replayWindowMs?: number
  /** How many finished flights are remembered, at least 1; beyond that the oldest go. Default 10 000. */
  readonly maxEntries?: number
  /** Default: the platform's clocks and timers. */
  readonly clock?: Clock
  /**
   * Hashes what tells flights apart, the refresh token included, so that no token is kept as a key. Must not
   * collide. Default: HMAC-SHA-256 by WebCrypto under a random key.
   */
  readonly hash?: (input: string) => string | Promise<string>
}

type Answer = RefreshOutcome | EndedElsewhere

interface InTheAir {
  readonly scope: string
  readonly refreshToken: string | undefined
  /** What followers get: the outcome, or `ended` as soon as somebody logs out. */
  readonly answer: Promise<Answer>
  readonly settle: (answer: Answer) => void
  hasFollowers: boolean
  ended: boolean
}

interface Past {
  readonly scope: string
  readonly answer: Answer
  /** How often the token was sent without a definitive answer, as far as anybody knows; absent: it is not sent again. */
  readonly doubtfulSends?: number
  /** The key of the token that replaced it. */
  readonly successor?: string | undefined
}

/** What an outcome tells beside its kind: only an `ok` has tokens, and only a refusal is `limited`. */
interface Told {
  readonly kind: RefreshOutcome['kind']
  readonly refreshToken?: string
  readonly final?: true
  readonly cause?: string
  readonly retryAfterMs?: number
}

interface Ask {
  readonly scope: string
  /** The tombstones that may concern it. */
  burying: Promise<unknown>
  ended: boolean
}

const ENDED: EndedElsewhere = { kind: 'ended' }

/** As long as a bearer lives at most: a session that was asleep may come as late with a token that brought no other. */
const FRUITLESS_MS = 86_400_000

/**
 * Coalesces the refreshes of one process: concurrent runs for one token share one send, and whoever comes later
 * with a token that is already spent gets what its send brought.
 *
 * It does not see other processes or tabs, and forgets when this process ends. Create one and give it to every
 * session of the process. A flight without a refresh token (a cookie jar) is shared while it is in the air and
 * never remembered: nothing tells the next token from this one.
 *
 * @throws {Misconfigured} for an option out of bounds, and where `crypto.subtle` is missing and no `hash` given.
 */
export function inProcessCoordinator(options: InProcessOptions = {}): Coordinator {
  const { replayWindowMs = 60_000, maxEntries = 10_000, clock = systemClock } = options
  if (!(Number.isFinite(replayWindowMs) && replayWindowMs > 0)) {
    throw new Misconfigured('replayWindowMs must be a finite number of milliseconds above 0.')
  }
  if (!(Number.isSafeInteger(maxEntries) && maxEntries >= 1)) {
    throw new Misconfigured('maxEntries must be an integer of at least 1.')
  }
  const hash = options.hash ?? keyedHash()

  const asking = new Set<Ask>()
  const air = new Map<string, InTheAir>()
  const past = replayWindow<Past>(replayWindowMs, maxEntries, clock)
  const limits = breaker(clock)
  /** The tombstones that still wait for their hash. */
  let burying: Promise<unknown> = Promise.resolve()

  async function run(flight: Flight): Promise<Answer> {
    const { identity, origin, doubtfulSends } = flight
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
    // No await from here to the entry in `air`: a second caller must find it.
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
    if (known && !maySend(known.value, doubtfulSends)) return aged(known.value.answer, known.ageMs)
    const waitMs = limits.remainingMs(origin)
    if (waitMs > 0) return { kind: 'refused', cause: 'limited', retryAfterMs: waitMs }
    return lead(flight, key, scope)
  }

  async function lead(flight: Flight, key: string, scope: string): Promise<Answer> {
    const { refreshToken } = flight.identity
    const entry = inTheAir(scope, refreshToken)
    air.set(key, entry)
    const sentAt = clock.monotonic()
    let outcome = await sent(flight)
    const tookMs = clock.monotonic() - sentAt
    // Whoever answered may know of an older send.
    if (outcome.kind === 'unknown' && tookMs > 0)
      outcome = { ...outcome, ageMs: Math.max(tookMs, outcome.ageMs ?? 0) }
    const { refreshToken: next, final, cause, retryAfterMs }: Told = outcome
    // Still in the air: who logs out meanwhile ends it.
    const successor = await successorKey(flight.identity, next)
    if (air.get(key) === entry) air.delete(key)
    if (cause === 'limited') limits.open(flight.origin, retryAfterMs)
    if (entry.ended) {
      if (refreshToken !== undefined) past.set(key, { scope, answer: ENDED })
      return { kind: 'ended', late: outcome }
    }
    if (refreshToken !== undefined) {
      // It was sent, so nobody knew of more doubtful sends than this session.
      if (outcome.kind === 'unknown') {
        const doubtfulSends = outcome.consumed ? Infinity : flight.doubtfulSends + 1
        past.set(key, { scope, answer: outcome, doubtfulSends }, FRUITLESS_MS)
      } else if (outcome.kind === 'rejected') past.set(key, { scope, answer: outcome }, FRUITLESS_MS)
      // Another token has taken its place, or none will.
      else if (final || (next ?? refreshToken) !== refreshToken)
        past.set(key, { scope, answer: outcome, successor })
      // An unchanged token is alive; a refusal or a missing route says nothing about an older doubt.
      else if (outcome.kind === 'ok') past.delete(key)
    }
    const answer: Answer =
      entry.hasFollowers && outcome.kind === 'ok' ? { ...outcome, shared: true } : outcome
    entry.settle(answer)
    return answer
  }

  async function successorKey(
    identity: FlightIdentity,
    refreshToken: string | undefined,
  ): Promise<string | undefined> {
    try {
      if (refreshToken !== undefined) return await hash(flightText({ ...identity, refreshToken }))
    } catch {
      // What the flight brought counts all the same.
    }
  }

  function end(identity: FlightIdentity): void {
    const scope = scopeText(identity)
    const { refreshToken, sessionId } = identity
    const isAll = sessionId !== undefined || refreshToken === undefined
    for (const [key, entry] of air)
      if (entry.scope === scope && (isAll || entry.refreshToken === refreshToken)) bury(key, scope)
    if (isAll) {
      for (const [key, { scope: other, successor = key }] of past.entries())
        if (other === scope) for (const each of [key, successor]) bury(each, scope)
    }
    if (refreshToken !== undefined) burying = Promise.allSettled([burying, buryToken(identity, scope, isAll)])
    for (const ask of asking) {
      if (ask.scope !== scope) continue
      ask.burying = burying
      if (isAll) ask.ended = true
    }
  }

  async function buryToken(identity: FlightIdentity, scope: string, isAll: boolean): Promise<void> {
    const key = await hash(flightText(identity))
    for (const each of isAll ? [key] : lineage(key)) bury(each, scope)
  }

  /** `key`, and the tokens that are remembered to have come before and after it. */
  function lineage(key: string): Set<string> {
    const keys = new Set([key])
    // A token is remembered before its successor is.
    const entries = past.entries()
    for (const [each, { successor = each }] of entries) if (keys.has(each)) keys.add(successor)
    for (const [each, { successor = each }] of entries.reverse()) if (keys.has(successor)) keys.add(each)
    return keys
  }

  function bury(key: string, scope: string): void {
    const entry = air.get(key)
    if (entry) {
      entry.ended = true
      entry.settle(ENDED)
    }
    // A cookie jar's next login asks under the same key.
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

async function sent(flight: Flight): Promise<RefreshOutcome> {
  try {
    return await flight.send()
  } catch {
    return { kind: 'unknown', cause: 'internal', answered: false }
  }
}

/** Only for a session that knows of every send before: else each session would have a budget of its own. */
const maySend = ({ doubtfulSends = Infinity }: Past, known: number) => known >= doubtfulSends

/** What was remembered, with its times told from now. */
function aged(answer: Answer, ageMs: number): Answer {
  if (answer.kind === 'ok') return { ...answer, ageMs: (answer.ageMs ?? 0) + ageMs }
  if (answer.kind !== 'unknown') return answer
  const { retryAfterMs } = answer
  const wait = retryAfterMs === undefined ? {} : { retryAfterMs: Math.max(0, retryAfterMs - ageMs) }
  return { ...answer, ...wait, ...(ageMs > 0 && { ageMs: (answer.ageMs ?? 0) + ageMs }) }
}
