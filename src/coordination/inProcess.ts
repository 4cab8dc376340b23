import { type Clock, systemClock } from '../session/clock.ts'
import { Misconfigured } from '../session/errors.ts'
import type { RefreshOutcome } from '../strategies/strategy.ts'
import { breaker } from './breaker.ts'
import type { Coordinator, EndedElsewhere, Flight, FlightIdentity } from './coordinator.ts'
import { flightText, scopeText } from './flightText.ts'
import { keyedHash } from './keyedHash.ts'
import { replayWindow } from './replayWindow.ts'

export interface InProcessOptions {
  /** How long a finished flight is remembered; milliseconds, more than 0. Default 60 000. */
  readonly replayWindowMs?: number
  /** How many finished flights are remembered, at least 1; beyond that the oldest go. Default 10 000. */
  readonly maxEntries?: number
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
  readonly hasToken: boolean
  /** What followers get: the outcome, or `ended` as soon as somebody logs out. */
  readonly shared: Promise<Answer>
  readonly settle: (answer: Answer) => void
  ended: boolean
}

const ENDED: EndedElsewhere = { kind: 'ended' }

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

  const asking = new Set<{ readonly scope: string; ended: boolean }>()
  const air = new Map<string, InTheAir>()
  const past = replayWindow<{ readonly scope: string; readonly answer: Answer }>(
    replayWindowMs,
    maxEntries,
    clock,
  )
  const limits = breaker(clock)
  /** The tombstones that still wait for their hash. */
  let burying: Promise<unknown> = Promise.resolve()

  async function run(flight: Flight): Promise<Answer> {
    const { identity, origin, mayResend } = flight
    const scope = scopeText(identity)
    const ask = { scope, ended: false }
    asking.add(ask)
    let key: string
    try {
      key = await hash(flightText(identity))
      await burying
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
    if (flying) return flying.shared
    const known = past.get(key)
    if (known && !maySend(known.value.answer, mayResend)) return aged(known.value.answer, known.ageMs)
    const waitMs = limits.remainingMs(origin)
    if (waitMs > 0) return { kind: 'refused', cause: 'limited', retryAfterMs: waitMs }
    return lead(flight, key, scope)
  }

  async function lead(flight: Flight, key: string, scope: string): Promise<Answer> {
    const { refreshToken } = flight.identity
    const entry = inTheAir(scope, refreshToken !== undefined)
    air.set(key, entry)
    const outcome = await sent(flight)
    if (air.get(key) === entry) air.delete(key)
    if (outcome.kind === 'refused' && outcome.cause === 'limited')
      limits.open(flight.origin, outcome.retryAfterMs)
    if (entry.ended) {
      if (refreshToken !== undefined) past.set(key, { scope, answer: ENDED })
      return { kind: 'ended', late: outcome }
    }
    if (refreshToken !== undefined) {
      if (isSpent(outcome, refreshToken)) past.set(key, { scope, answer: outcome })
      // An unchanged token is alive; a refusal or a missing route says nothing about an older doubt.
      else if (outcome.kind === 'ok') past.delete(key)
    }
    entry.settle(outcome)
    return outcome
  }

  function end(identity: FlightIdentity): void {
    const scope = scopeText(identity)
    const tokens = new Set<string>()
    if (identity.refreshToken !== undefined) tokens.add(identity.refreshToken)
    for (const ask of asking) if (ask.scope === scope) ask.ended = true
    for (const [key, entry] of air) {
      if (entry.scope !== scope) continue
      entry.ended = true
      entry.settle(ENDED)
      // The next login asks under the same key.
      if (!entry.hasToken) air.delete(key)
    }
    for (const [key, { scope: other, answer }] of past.entries()) {
      if (other !== scope) continue
      if (answer.kind === 'ok' && answer.refreshToken !== undefined) tokens.add(answer.refreshToken)
      past.set(key, { scope, answer: ENDED })
    }
    const buried = [...tokens].map(async (refreshToken) => {
      past.set(await hash(flightText({ ...identity, refreshToken })), { scope, answer: ENDED })
    })
    burying = Promise.allSettled([burying, ...buried])
  }

  return { run, end }
}

function inTheAir(scope: string, hasToken: boolean): InTheAir {
  let settle: InTheAir['settle'] = () => {}
  const shared = new Promise<Answer>((resolve) => {
    settle = resolve
  })
  return { scope, hasToken, shared, settle, ended: false }
}

async function sent(flight: Flight): Promise<RefreshOutcome> {
  try {
    return await flight.send()
  } catch {
    return { kind: 'unknown', cause: 'internal', answered: false }
  }
}

/** Whether the token must not, or not without a permission, be sent again. */
function isSpent(outcome: RefreshOutcome, sentToken: string): boolean {
  if (outcome.kind === 'rejected' || outcome.kind === 'unknown') return true
  if (outcome.kind !== 'ok') return false
  return outcome.final === true || (outcome.refreshToken ?? sentToken) !== sentToken
}

function maySend(known: Answer, mayResend: boolean): boolean {
  return mayResend && known.kind === 'unknown' && !known.consumed
}

/** What was remembered, with its times told from now. */
function aged(answer: Answer, ageMs: number): Answer {
  if (answer.kind === 'ok') return { ...answer, ageMs: (answer.ageMs ?? 0) + ageMs }
  if (answer.kind !== 'unknown' || answer.retryAfterMs === undefined) return answer
  return { ...answer, retryAfterMs: Math.max(0, answer.retryAfterMs - ageMs) }
}
