import type { SessionContext, SessionFacts, SessionInput } from './session.context.ts'
import { floorAfter, isUnusable, isUseless, rereadAfter } from './session.deadlines.ts'
import type { EventOf } from './session.events.ts'
import { after, finite, NEVER } from './session.instants.ts'
import type { Backoff, ExpiredReason } from './session.types.ts'

/** The facts before any trouble. */
const calm = {
  lastChance: false,
  attempts: 0,
  triedAt: 0,
  heldUntil: 0,
  isHurried: false,
  rereadAt: NEVER,
  doubt: null,
  misconfigured: false,
} satisfies Partial<SessionContext>

const nobody = {
  ...calm,
  user: null,
  provider: '',
  kind: '',
  bearer: 'none',
  bearerVersion: 0,
  accepted: false,
  disputed: false,
  rejections: 0,
  refreshable: false,
  endsAt: NEVER,
  leadAt: NEVER,
  refreshAt: NEVER,
  floorAt: 0,
  rejectFloorAt: 0,
  useless: 0,
  retryAt: 0,
} satisfies Partial<SessionContext>

/** The fields that a login and a renewal share. Other fields of the facts are left out. */
const adopted = ({
  epoch,
  version,
  user,
  provider,
  kind = 'custom',
  refreshable,
  floorAt,
}: SessionFacts) => ({
  ...calm,
  epoch,
  version,
  user,
  provider,
  kind,
  refreshable,
  floorAt,
  retryAt: floorAt,
  pending: false,
  reason: null,
})

/** A bearer that has not been used yet. */
const untried = ({ version, bearerVersion = version, bearer, endsAt, leadAt, refreshAt }: SessionFacts) => ({
  bearer,
  bearerVersion,
  accepted: false,
  disputed: false,
  endsAt: finite(endsAt),
  leadAt: finite(leadAt),
  refreshAt: finite(refreshAt),
})

/** Before this a 401 for a renewed bearer counts for less: `rejections` renewals in a row did not help. */
const rejectFloorOf = (floorAt: number, rejections: number, at: number) =>
  rejections > 0 ? Math.max(floorAt, floorAfter(at, rejections)) : floorAt

/** A login, or a stored session. */
export function begun(c: SessionContext, facts: SessionFacts, at: number): Partial<SessionContext> {
  // The floor separates refreshes, also after a restart. A login is no refresh.
  const floorAt = facts.version > 1 && facts.floorAt < NEVER ? facts.floorAt : at
  const { rejections = 0, doubt = null, backoff } = facts
  const { rejected: isRejected, ...waits }: Partial<Backoff> = backoff ?? {}
  const isInTrouble = doubt !== null || backoff !== undefined
  const found = {
    ...adopted(facts),
    ...untried(facts),
    ...waits,
    floorAt,
    rejectFloorAt: rejectFloorOf(floorAt, rejections, at),
    refreshAt: Math.min(finite(facts.refreshAt), finite(facts.leadAt)),
    rejections,
    useless: 0,
    doubt,
    retryAt: isInTrouble ? Math.max(doubt ? (facts.retryAt ?? at) : 0, backoff?.retryAt ?? 0) : floorAt,
    rereadAt: isInTrouble ? rereadAfter(c, at) : NEVER,
    idleEndsAt: after(at, c.idleTimeoutMs),
    absoluteEndsAt: after(Number.isFinite(facts.startedAt) ? facts.startedAt : at, c.absoluteLifetimeMs),
  }
  return isRejected ? { ...found, ...rejected({ ...c, ...found }) } : found
}

/**
 * A renewal, by this session or a peer. A newer version clears every trouble of the older one. A renewal without a
 * usable bearer keeps the present bearer, and is tried again later.
 */
export function renewed(
  c: SessionContext,
  { facts, at }: EventOf<'session.renewed'>,
): Partial<SessionContext> {
  if (isUnusable(c, facts)) {
    const useless = c.useless + 1
    return {
      ...adopted(facts),
      useless,
      heldUntil: facts.floorAt,
      retryAt: Math.max(facts.floorAt, floorAfter(at, useless - 1)),
      rereadAt: rereadAfter(c, at),
    }
  }
  const rejections = c.disputed ? c.rejections : 0
  return {
    ...adopted(facts),
    ...untried(facts),
    rejections,
    rejectFloorAt: rejectFloorOf(facts.floorAt, rejections, at),
    useless: 0,
  }
}

/** Nothing was due: the server returns the present version, and its bearer is good. */
export const confirmed = ({ facts }: EventOf<'session.renewed'>): Partial<SessionContext> => ({
  ...adopted(facts),
  ...untried(facts),
  rejectFloorAt: facts.floorAt,
})

/** A logout, here or elsewhere. If nobody is logged in, this is now known, and nothing else changes. */
export const ended = (
  { user }: SessionContext,
  { reason }: EventOf<'session.ended'>,
): Partial<SessionContext> => (user ? { ...nobody, reason } : { pending: false })

/** The context that a machine starts with. */
export function initial(input: SessionInput): SessionContext {
  const empty: SessionContext = {
    ...nobody,
    policy: input.policy ?? 'eager',
    idleTimeoutMs: finite(input.idleTimeoutMs),
    absoluteLifetimeMs: finite(input.absoluteLifetimeMs),
    shared: input.shared ?? false,
    pending: input.facts === undefined,
    epoch: 0,
    version: 0,
    idle: false,
    idleEndsAt: NEVER,
    absoluteEndsAt: NEVER,
    reason: 'never',
  }
  const { facts } = input
  return facts ? { ...empty, ...begun(empty, facts, input.at ?? facts.startedAt) } : empty
}

/** A snapshot whose tokens are not here: the context is that of a start with the machine's input. */
export const restored = (
  { policy, idleTimeoutMs, absoluteLifetimeMs, epoch, version, idle }: SessionContext,
  { input }: EventOf<'session.restored'>,
): SessionContext => ({
  ...initial({ ...input, policy, idleTimeoutMs, absoluteLifetimeMs }),
  epoch,
  version,
  idle,
})

/** The changes by time alone: the bearer ended, or a provider's grace window closed, which uses up its one send. */
export function passed({ bearer, endsAt, doubt }: SessionContext, at: number): Partial<SessionContext> {
  const closesAt = typeof doubt?.resend === 'object' ? doubt.since + doubt.resend.withinMs : NEVER
  return {
    ...(bearer === 'good' && at >= endsAt && { bearer: 'ended' }),
    ...(doubt && at > closesAt && { doubt: { ...doubt, sends: Math.max(doubt.sends, 2) } }),
  }
}

/** A 401 for the present bearer. If a renewal brought it, the next one's 401 must wait longer. */
export const disputed = (c: SessionContext): Partial<SessionContext> =>
  c.disputed ? {} : { disputed: true, rejections: c.rejections + (c.bearerVersion > 1 ? 1 : 0) }

/** A 401 that counts: the bearer is no longer used. */
export const rejected = (c: SessionContext): Partial<SessionContext> => ({
  ...disputed(c),
  bearer: 'rejected',
})

/** An answer other than 401: the bearer is good after all. */
export const accepted = (c: SessionContext, at: number): Partial<SessionContext> => ({
  accepted: true,
  ...(c.bearer === 'rejected' && at < c.endsAt && { bearer: 'good' }),
})

/** The user was active, or inactive. */
export function noted(c: SessionContext, idle: boolean, at: number): Partial<SessionContext> {
  return idle ? { idle } : { idle, idleEndsAt: after(at, c.idleTimeoutMs) }
}

/** Why a session is over: the first limit that is reached, else the reason why its bearer is not replaced. */
export function reasonOfEnd(c: SessionContext, at: number): ExpiredReason {
  if (at >= c.absoluteEndsAt) return 'absoluteLifetime'
  if (at >= c.idleEndsAt) return 'idle'
  if (c.doubt) return c.doubt.resend === 'afterBearerEnds' ? 'refreshRejected' : 'refreshOutcomeUnknown'
  if (c.lastChance) return 'refreshUnsupported'
  if (!c.refreshable) return 'notRefreshable'
  return isUseless(c) ? 'unusableLifetime' : 'idle'
}
