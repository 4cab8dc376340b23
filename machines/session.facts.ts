import { isUseless } from './session.deadlines.ts'
import type { EventOf, ExpiredReason, SessionContext, SessionFacts, SessionInput } from './session.types.ts'

const nobody = {
  user: null,
  provider: '',
  bearer: 'none',
  refreshable: false,
  lastChance: false,
  endsAt: Infinity,
  leadAt: Infinity,
  refreshAt: Infinity,
  floorAt: 0,
  useless: 0,
  attempts: 0,
  retryAt: 0,
  heldUntil: 0,
  rereadAt: Infinity,
  doubt: null,
  misconfigured: false,
} satisfies Partial<SessionContext>

/** What a login and a renewal have in common: a newer version clears every trouble of the older. */
function adopted(facts: SessionFacts): Partial<SessionContext> {
  // Field by field: what else came with the facts stays outside.
  const { epoch, version, user, provider, bearer, refreshable, endsAt, leadAt, refreshAt, floorAt } = facts
  const known = { epoch, version, user, provider, bearer, refreshable, endsAt, leadAt, refreshAt, floorAt }
  return { ...nobody, ...known, retryAt: floorAt, pending: false, reason: null }
}

/** A login. */
export const begun = (c: SessionContext, facts: SessionFacts, at: number): Partial<SessionContext> => ({
  ...adopted(facts),
  // The floor keeps refreshes apart, also across a restart; a login is none.
  floorAt: facts.version > 1 ? facts.floorAt : at,
  refreshAt: Math.min(facts.refreshAt, facts.leadAt),
  idle: false,
  idleEndsAt: at + c.idleTimeoutMs,
  absoluteEndsAt: facts.startedAt + c.absoluteLifetimeMs,
})

/** A renewal, our own or a peer's. */
export const renewed = (
  c: SessionContext,
  { facts, at }: EventOf<'session.renewed'>,
): Partial<SessionContext> => ({
  ...adopted(facts),
  useless: isUseless(facts, at) ? c.useless + 1 : 0,
})

/** A logout, here or elsewhere. */
export const ended = ({ reason }: EventOf<'session.ended'>): Partial<SessionContext> => ({
  ...nobody,
  reason,
})

/** The context that a machine starts with. */
export function initial(input: SessionInput): SessionContext {
  const empty: SessionContext = {
    ...nobody,
    policy: input.policy ?? 'eager',
    idleTimeoutMs: input.idleTimeoutMs ?? Infinity,
    absoluteLifetimeMs: input.absoluteLifetimeMs ?? Infinity,
    shared: input.shared ?? false,
    pending: input.facts === undefined,
    epoch: 0,
    version: 0,
    idle: false,
    idleEndsAt: Infinity,
    absoluteEndsAt: Infinity,
    reason: 'never',
  }
  const { facts } = input
  return facts ? { ...empty, ...begun(empty, facts, input.at ?? facts.startedAt) } : empty
}

/** What time alone has changed: the bearer ended, or a provider's grace window closed. */
export function passed({ bearer, endsAt, doubt }: SessionContext, at: number): Partial<SessionContext> {
  const closesAt = typeof doubt?.resend === 'object' ? doubt.since + doubt.resend.withinMs : Infinity
  return {
    ...(bearer === 'good' && at >= endsAt && { bearer: 'ended' }),
    ...(doubt && at > closesAt && { doubt: { ...doubt, sends: Math.max(doubt.sends, 2) } }),
  }
}

/** What a 401 makes of the bearer. */
export const rejected = { bearer: 'rejected' } as const

/** The user was seen, or was not. */
export function noted(c: SessionContext, idle: boolean, at: number): Partial<SessionContext> {
  return idle ? { idle } : { idle, idleEndsAt: at + c.idleTimeoutMs }
}

/** Why a bearer that ended is not replaced. */
export function reasonOfEnd(c: SessionContext): ExpiredReason {
  if (c.doubt)
    return c.doubt.answered && c.doubt.resend !== 'never' ? 'refreshRejected' : 'refreshOutcomeUnknown'
  if (c.lastChance) return 'refreshUnsupported'
  return c.refreshable ? 'idle' : 'notRefreshable'
}
