import type { Doubt, SessionContext, SessionFacts } from './session.context.ts'
import type { SessionEvent } from './session.events.ts'
import { after, finite, NEVER } from './session.instants.ts'
import {
  counted,
  dueAt,
  givenUpAt,
  isGivenUp,
  mayResend,
  NO_SENDS,
  raised,
  waitAfter,
} from './session.ledger.ts'
import type { SessionStateName } from './session.types.ts'

const MAX_TIMER_MS = 2 ** 31 - 1
const FLOOR_MS = 5_000
const MAX_FLOOR_MS = 300_000
/** A bearer that lives no longer than this is useless. */
export const USELESS_LIFE_MS = 1_000
/** This many renewals in a row without a usable bearer end a session. */
const MAX_USELESS = 3
const MAX_JITTER_MS = 180_000
const MIN_BACKOFF_MS = 250
const FIRST_BACKOFF_MS = 500
const MAX_BACKOFF_MS = 60_000
const MISCONFIGURED_MS = 60_000
const FIRST_REREAD_MS = 1_000
const MAX_REREAD_MS = 30_000

/**
 * A delay that every timer accepts: never NaN, never negative, never above 2^31 - 1 (which fires at once).
 *
 * @example
 * const delayMs = clampDelay(endsAt - now)
 */
export function clampDelay(ms: number): number {
  return ms > 0 ? Math.min(ms, MAX_TIMER_MS) : 0
}

/**
 * The deadlines of a bearer that was received at `at` and lives for `lifeMs` (`Infinity`: unknown).
 *
 * @example
 * const { endsAt, leadAt } = deadlinesOf(now, 900_000, 30_000, 0)
 */
export function deadlinesOf(
  at: number,
  lifeMs: number,
  leadTimeMs: number,
  roll: number,
): Pick<SessionFacts, 'endsAt' | 'leadAt' | 'refreshAt' | 'floorAt'> {
  const life = Math.max(finite(lifeMs), 0)
  const floorAt = at + (life > USELESS_LIFE_MS ? Math.min(FLOOR_MS, life / 2) : FLOOR_MS)
  const endsAt = after(at, life)
  if (endsAt === NEVER) return { endsAt, leadAt: NEVER, refreshAt: NEVER, floorAt }
  const lead = Math.min(leadTimeMs, life / 2)
  const jitter = Math.floor(roll * Math.min(life * 0.2, MAX_JITTER_MS))
  const leadAt = endsAt - lead
  return { endsAt, leadAt, refreshAt: Math.max(leadAt - jitter, floorAt), floorAt }
}

/** The floor after a renewal at `at`, if `before` renewals in a row did not help: 5, 10, 20 … 300 s. */
export const floorAfter = (at: number, before: number): number =>
  at + Math.min(FLOOR_MS * 2 ** before, MAX_FLOOR_MS)

/**
 * Whether a bearer was usable when it was received: it existed and lived for longer than a second, which its floor
 * shows. The bearer of a peer may have ended since.
 */
export const isUseful = ({
  bearer,
  endsAt,
  floorAt,
}: Pick<SessionFacts, 'bearer' | 'endsAt' | 'floorAt'>): boolean => bearer === 'good' && endsAt > floorAt

/** Whether a renewal brought no usable bearer: none, one that lives too short, or the present one. */
export const isUnusable = (c: SessionContext, facts: SessionFacts): boolean =>
  !isUseful(facts) || (facts.bearerVersion ?? facts.version) <= c.bearerVersion

/** Three renewals in a row brought no usable bearer. */
export const isUseless = (c: SessionContext): boolean => c.useless >= MAX_USELESS

/** The bearer can no longer be used: a clock or a 401 says so, or there is none. */
export function isSpent(c: SessionContext, at: number): boolean {
  return c.bearer !== 'good' || at >= c.endsAt
}

/** Whether the refresh token may be sent at all, without regard to a backoff. */
export function maySend(c: SessionContext, at: number): boolean {
  const isUrgent = isSpent(c, at)
  return (
    c.refreshable &&
    (!c.lastChance || isUrgent) &&
    (!c.doubt || mayResend(c.doubt, { resend: c.doubt.resend, isSpent: isUrgent }, at))
  )
}

/** The bearer is gone, and no permitted send can bring a new one. */
export function isHopeless(c: SessionContext, at: number, doubt: Doubt | null = c.doubt): boolean {
  if (!isSpent(c, at)) return false
  return isUseless(c) || (doubt !== null && isGivenUp(doubt, doubt.resend, at))
}

/** A limit is reached: the user was inactive for too long, or the session is too old. */
export const isPastLimit = (c: SessionContext, at: number): boolean =>
  at >= c.absoluteEndsAt || at >= c.idleEndsAt

type Refused = Extract<SessionEvent, { type: 'refresh.refused' }>
type Unknown = Extract<SessionEvent, { type: 'refresh.unknown' }>

/**
 * After a refusal: full jitter under a ceiling that doubles from 1 s to 60 s. `Retry-After` and mistakes of the
 * configuration wait longer.
 */
export function afterRefused(c: SessionContext, e: Refused): Partial<SessionContext> {
  const ceiling = Math.min(FIRST_BACKOFF_MS * 2 ** (c.attempts + 1), MAX_BACKOFF_MS)
  const backoff = e.misconfigured ? MISCONFIGURED_MS : Math.max(e.roll * ceiling, MIN_BACKOFF_MS)
  return {
    ...tried(c, e, e.at),
    misconfigured: e.misconfigured === true,
    retryAt: Math.max(e.at + backoff, e.notBefore ?? 0),
  }
}

/** The facts after every failed attempt. */
const tried = (c: SessionContext, { at, notBefore = 0 }: Refused | Unknown, triedAt: number) => ({
  attempts: c.attempts + 1,
  triedAt,
  heldUntil: notBefore,
  isHurried: false,
  rereadAt: rereadAfter(c, at),
})

/** The doubt after an ambiguous answer. A provider's `never` outlasts milder answers. */
export function doubtAfter({ doubt: before }: SessionContext, e: Unknown): Doubt {
  const sends = e.row
    ? raised(before ?? NO_SENDS, e.row)
    : counted(before, e.sentAt ?? e.at, e.answered ? e.at : NEVER)
  const { since, answers, answeredSince } = sends
  const resend = before?.resend === 'never' ? 'never' : e.resend
  return { sends: sends.sends, since, answers, answeredSince, resend }
}

/** After an ambiguous answer: wait, and space the sends that the policy permits. */
export function afterUnknown(c: SessionContext, e: Unknown): Partial<SessionContext> {
  const doubt = doubtAfter(c, e)
  const permittedAt = finite(e.row?.retryAt)
  // An unsent attempt takes no time. Without a least wait, a waiting caller would ask endlessly in one instant.
  const dueAt =
    permittedAt < NEVER ? Math.max(permittedAt, e.at + 1) : e.at + waitAfter(doubt, doubt.resend, e.roll)
  return {
    ...tried(c, e, e.sentAt ?? e.at),
    doubt,
    misconfigured: false,
    retryAt: Math.max(dueAt, e.notBefore ?? 0),
  }
}

/** When to read the store again; `NEVER` if no peer shares the session. */
export function rereadAfter(c: SessionContext, at: number): number {
  return c.shared ? at + Math.min(FIRST_REREAD_MS * 2 ** c.attempts, MAX_REREAD_MS) : NEVER
}

/** In `retrying`: when the backoff of the next attempt is over. `isEarly`: for a caller who asks for it. */
export const retryDueAt = (c: SessionContext, isEarly: boolean): number =>
  dueAt({ sentAt: c.triedAt, notBefore: c.retryAt, heldUntil: c.heldUntil }, isEarly)

/**
 * Whether a timer may make the next attempt. It may not if callers ask for refreshes, or while the user is inactive.
 */
export const isTimed = (c: SessionContext): boolean => c.policy !== 'onDemand' && !c.idle

/**
 * The next instant at which time alone may change the state; `NEVER`: none. `isAwaited`: a caller waits for a bearer,
 * and must ask for it when an attempt is due.
 *
 * @example
 * const { value, context } = actorRef.getSnapshot()
 * const at = nextDeadline(value, context)
 */
export function nextDeadline(state: SessionStateName, c: SessionContext, isAwaited = false): number {
  if (state === 'loggedOut' || state === 'expired') return NEVER
  const end = state === 'refreshing' && c.bearer !== 'good' ? NEVER : endOfBearer(c)
  const limit = Math.min(c.idleEndsAt, c.absoluteEndsAt)
  if (state === 'active') {
    const timed = c.policy === 'eager' && !c.idle && maySend(c, 0)
    return Math.min(limit, timed ? c.refreshAt : c.leadAt, c.endsAt)
  }
  if (state === 'retrying') {
    const next = isTimed(c) || isAwaited ? nextSend(c) : NEVER
    return Math.min(limit, end, c.rereadAt, next, endOfDoubt(c))
  }
  const isOverdue = state === 'nearingExpiry' && c.policy === 'eager' && !c.idle && c.bearer !== 'good'
  if (isOverdue && maySend(c, c.floorAt)) return Math.min(limit, c.floorAt)
  return Math.min(limit, end)
}

/** When time alone changes the bearer: it ends, or it is gone and nothing can replace it. */
function endOfBearer({ bearer, refreshable, endsAt }: SessionContext): number {
  if (bearer === 'good') return endsAt
  if (refreshable || bearer === 'ended') return NEVER
  return bearer === 'none' ? 0 : endsAt
}

/** In `retrying`: the next instant at which the token may be sent; `NEVER`: time alone does not permit it. */
export function nextSend(c: SessionContext): number {
  const due = retryDueAt(c, c.isHurried)
  // A send that is not permitted with a good bearer may be permitted after its end.
  const at = maySend(c, due) ? due : Math.max(due, c.endsAt)
  return maySend(c, at) ? at : NEVER
}

/** In `retrying`: the instant at which a doubt ends the session, unless a send removes the doubt; `NEVER`: none. */
export function endOfDoubt(c: SessionContext): number {
  const { doubt } = c
  if (!doubt) return NEVER
  const { resend } = doubt
  const over = typeof resend === 'object' ? doubt.since + resend.withinMs + 1 : givenUpAt(doubt)
  return c.bearer === 'good' ? Math.max(over, c.endsAt) : over
}

/** The next instant from which a refresh for `by` begins at once; `NEVER`: not before another event. */
export function nextAsk(state: SessionStateName, c: SessionContext, by: 'caller' | 'user' | 'force'): number {
  // An earlier request has hurried the attempt already.
  if (state === 'retrying') return nextSend(c)
  if (state !== 'active' && state !== 'nearingExpiry') return NEVER
  const lead = by === 'caller' ? (c.policy === 'prompt' ? NEVER : c.leadAt) : 0
  const at = Math.max(c.floorAt, lead)
  return maySend(c, at) ? at : NEVER
}
