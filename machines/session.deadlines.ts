import type { Doubt, SessionContext, SessionEvent, SessionFacts, SessionStateName } from './session.types.ts'

const MAX_TIMER_MS = 2 ** 31 - 1
const FLOOR_MS = 5_000
const USELESS_LIFE_MS = 1_000
const MAX_JITTER_MS = 180_000
const MIN_BACKOFF_MS = 250
const FIRST_BACKOFF_MS = 500
const MAX_BACKOFF_MS = 60_000
const MISCONFIGURED_MS = 60_000
const FIRST_REREAD_MS = 1_000
const MAX_REREAD_MS = 30_000

/** Ambiguous sends of one refresh token before the session is given up, and the least time they spread over. */
const MAX_DOUBTFUL_SENDS = 4
const MIN_DOUBT_MS = 120_000
/** Waits before the second, third and fourth doubtful send. They add up to `MIN_DOUBT_MS`. */
const DOUBT_WAITS_MS = [10_000, 30_000, 80_000]

/** A delay that every timer accepts: never NaN, never negative, never above 2^31 - 1 (which fires at once). */
export function clampDelay(ms: number): number {
  return ms > 0 ? Math.min(ms, MAX_TIMER_MS) : 0
}

/** The deadlines of a bearer that was received at `at` with `lifeMs` to live (`Infinity`: unknown). */
export function deadlinesOf(
  at: number,
  lifeMs: number,
  leadTimeMs: number,
  roll: number,
): Pick<SessionFacts, 'endsAt' | 'leadAt' | 'refreshAt' | 'floorAt'> {
  const life = Math.max(lifeMs, 0)
  const lead = Math.min(leadTimeMs, life / 2)
  const jitter = Math.floor(roll * Math.min(life * 0.2, MAX_JITTER_MS))
  const floorAt = at + (life > USELESS_LIFE_MS ? Math.min(FLOOR_MS, life / 2) : FLOOR_MS)
  const leadAt = at + life - lead
  return {
    endsAt: at + life,
    leadAt,
    refreshAt: Math.max(leadAt - jitter, floorAt),
    floorAt,
  }
}

/** Whether a renewal brought nothing that could serve anyone. */
export function isUseless(facts: SessionFacts, at: number): boolean {
  return facts.bearer === 'none' || facts.endsAt - at <= USELESS_LIFE_MS
}

/** The bearer cannot be served any more: a clock, a 401 or its absence says so. */
export function isSpent(c: SessionContext, at: number): boolean {
  return c.bearer !== 'good' || at >= c.endsAt
}

/** Whether the refresh token may be sent at all, backoff aside. */
export function maySend(c: SessionContext, at: number): boolean {
  return c.refreshable && (!c.lastChance || isSpent(c, at)) && (!c.doubt || mayResend(c, c.doubt, at))
}

function mayResend(c: SessionContext, { resend, sends, since }: Doubt, at: number): boolean {
  if (typeof resend === 'object') return sends < 2 && at <= since + resend.withinMs
  return resend === 'afterBearerEnds' && isSpent(c, at) && sends < MAX_DOUBTFUL_SENDS
}

/** The bearer is gone, and nothing that is still permitted could bring a new one. */
export function isHopeless(c: SessionContext, at: number, doubt: Doubt | null = c.doubt): boolean {
  if (!doubt || !isSpent(c, at)) return false
  if (doubt.resend === 'never') return true
  if (doubt.resend === 'afterBearerEnds')
    return doubt.sends >= MAX_DOUBTFUL_SENDS && at >= doubt.since + MIN_DOUBT_MS
  return doubt.sends > 1 || at > doubt.since + doubt.resend.withinMs
}

type Refused = Extract<SessionEvent, { type: 'refresh.refused' }>
type Unknown = Extract<SessionEvent, { type: 'refresh.unknown' }>

/** After a refusal: full jitter under a ceiling that doubles from 1 s to 60 s; `Retry-After` and mistakes wait longer. */
export function afterRefused(c: SessionContext, e: Refused): Partial<SessionContext> {
  const ceiling = Math.min(FIRST_BACKOFF_MS * 2 ** (c.attempts + 1), MAX_BACKOFF_MS)
  const backoff = e.misconfigured ? MISCONFIGURED_MS : Math.max(e.roll * ceiling, MIN_BACKOFF_MS)
  const heldUntil = e.notBefore ?? 0
  return {
    attempts: c.attempts + 1,
    misconfigured: e.misconfigured === true,
    heldUntil,
    retryAt: Math.max(e.at + backoff, heldUntil),
    rereadAt: rereadAfter(c, e.at),
  }
}

/** The doubt that an ambiguous answer leaves. A provider's `never` outlasts milder answers. */
export function doubtAfter(c: SessionContext, e: Unknown): Doubt {
  const before = c.doubt
  return {
    sends: (before?.sends ?? 0) + 1,
    since: before?.since ?? e.sentAt ?? e.at,
    resend: before?.resend === 'never' ? 'never' : e.resend,
    answered: e.answered,
  }
}

/** After an ambiguous answer: hold, and space what the policy permits. */
export function afterUnknown(c: SessionContext, e: Unknown): Partial<SessionContext> {
  const doubt = doubtAfter(c, e)
  const heldUntil = e.notBefore ?? 0
  const wait =
    typeof doubt.resend === 'object'
      ? Math.min(FIRST_BACKOFF_MS * (1 + e.roll), doubt.resend.withinMs / 2)
      : isSpent(c, e.at)
        ? (DOUBT_WAITS_MS[doubt.sends - 1] ?? MAX_BACKOFF_MS) * (1 + e.roll / 4)
        : FIRST_BACKOFF_MS
  return {
    doubt,
    attempts: c.attempts + 1,
    misconfigured: false,
    heldUntil,
    retryAt: Math.max(e.at + wait, heldUntil),
    rereadAt: rereadAfter(c, e.at),
  }
}

/** When to look at the store again; `Infinity` where no peer shares the session. */
export function rereadAfter(c: SessionContext, at: number): number {
  return c.shared ? at + Math.min(FIRST_REREAD_MS * 2 ** c.attempts, MAX_REREAD_MS) : Infinity
}

/** The next instant at which time alone may change the state; `Infinity`: never. */
export function nextDeadline(state: SessionStateName, c: SessionContext): number {
  if (state === 'loggedOut' || state === 'expired') return Infinity
  const end = c.bearer === 'good' ? c.endsAt : Infinity
  const limit = Math.min(c.idleEndsAt, c.absoluteEndsAt)
  if (state === 'active') {
    const timed = c.policy === 'eager' && !c.idle && maySend(c, 0)
    return Math.min(limit, timed ? c.refreshAt : c.leadAt, c.endsAt)
  }
  if (state === 'retrying') return Math.min(limit, end, c.rereadAt, nextSend(c))
  const isOverdue = state === 'nearingExpiry' && c.policy === 'eager' && !c.idle && c.bearer !== 'good'
  if (isOverdue && maySend(c, c.floorAt)) return Math.min(limit, c.floorAt)
  return Math.min(limit, end)
}

/** In `retrying`: the next instant at which the token may be sent, or the session be given up. */
export function nextSend(c: SessionContext): number {
  const { doubt } = c
  if (!doubt) return c.retryAt
  if (doubt.resend === 'never') return Infinity
  if (doubt.resend === 'afterBearerEnds') {
    if (c.bearer === 'good') return Math.max(c.endsAt, c.retryAt)
    return doubt.sends < MAX_DOUBTFUL_SENDS ? c.retryAt : doubt.since + MIN_DOUBT_MS
  }
  const windowEndsAt = doubt.since + doubt.resend.withinMs
  if (doubt.sends < 2 && c.retryAt <= windowEndsAt) return c.retryAt
  return c.bearer === 'good' ? c.endsAt : windowEndsAt + 1
}
