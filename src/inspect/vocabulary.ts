import type { SessionContext } from '../../machines/session.context.ts'
import type { SessionEvent } from '../../machines/session.events.ts'
import type {
  BearerFact,
  ExpiredReason,
  LoggedOutReason,
  RefreshPolicy,
  ResendPolicy,
  SessionStateName,
  SessionTag,
} from '../../machines/session.types.ts'
import { flag, number, type Shown, shown, text, wordOf } from './shown.ts'

/**
 * Everything that an inspector may see: numbers, flags, and words that are written here. No other text is shown, so no
 * token and no name can be in a message. The types keep the lists complete.
 */
export const reason = wordOf({
  refreshRejected: true,
  refreshUnsupported: true,
  refreshOutcomeUnknown: true,
  notRefreshable: true,
  missingCredential: true,
  accessRevoked: true,
  identityMismatch: true,
  keyLost: true,
  stepUpRequired: true,
  idle: true,
  absoluteLifetime: true,
  unusableLifetime: true,
  internal: true,
  user: true,
  elsewhere: true,
  backChannel: true,
  never: true,
} satisfies Record<ExpiredReason | LoggedOutReason, true>)
const bearer = wordOf({
  good: true,
  rejected: true,
  ended: true,
  none: true,
} satisfies Record<BearerFact, true>)
const policy = wordOf({
  eager: true,
  onDemand: true,
  prompt: true,
} satisfies Record<RefreshPolicy, true>)
const resendWord = wordOf({
  afterBearerEnds: true,
  never: true,
} satisfies Record<Extract<ResendPolicy, string>, true>)
const resend = (value: unknown) => resendWord(value) || isWindow(value)
const isWindow = (value: unknown) =>
  typeof value === 'object' &&
  value !== null &&
  Object.keys(value).length === 1 &&
  'withinMs' in value &&
  number(value.withinMs)

export const state = wordOf({
  active: true,
  nearingExpiry: true,
  refreshing: true,
  retrying: true,
  expired: true,
  loggedOut: true,
} satisfies Record<SessionStateName, true>)
export const tag = wordOf({
  authenticated: true,
  warning: true,
  busy: true,
  degraded: true,
  ended: true,
} satisfies Record<SessionTag, true>)
export const status = wordOf({ active: true, done: true, error: true, stopped: true })

/** The kinds of this package's strategies. The kind of another strategy is not shown. */
const kind = wordOf({ openid: true, cookie: true, oauth: true, bff: true, custom: true })

const position = { epoch: number, version: number }
const at = number
const sends = { sends: number, since: number, answers: number, answeredSince: number }
const doubt = { ...sends, resend }
const facts = {
  ...position,
  'kind?': kind,
  bearer,
  refreshable: flag,
  endsAt: number,
  leadAt: number,
  refreshAt: number,
  floorAt: number,
  startedAt: number,
  'bearerVersion?': number,
  'rejections?': number,
  'doubt?': doubt,
  'retryAt?': number,
}

/** An event that is not listed is not shown, not even by its name. */
export const events: Readonly<Record<string, Shown>> = {
  'session.started': { at, facts },
  'session.ended': { at, reason },
  // The chart keeps the other fields of its input in its context.
  'session.restored': { at, input: { 'facts?': facts, 'at?': number, 'shared?': flag } },
  'session.renewed': { at, facts },
  'refresh.asked': { at, by: wordOf({ caller: true, user: true, force: true }) },
  'bearer.rejected': { at, ...position },
  'bearer.accepted': { at, ...position },
  'time.checked': { at },
  'refresh.refused': { at, ...position, roll: number, 'notBefore?': number, 'misconfigured?': flag },
  'refresh.unknown': {
    at,
    ...position,
    roll: number,
    'notBefore?': number,
    'sentAt?': number,
    resend,
    answered: flag,
    'row?': { ...sends, retryAt: number },
  },
  'refresh.rejected': { at, ...position, reason },
  'refresh.unsupported': { at, ...position, forGood: flag },
  'user.changed': { at, idle: flag },
  'network.restored': { at },
  // XState's own events, at the start and at the end of an actor.
  'xstate.init': {},
  'xstate.stop': {},
} satisfies Record<SessionEvent['type'] | 'xstate.init' | 'xstate.stop', Shown>

export const context = {
  kind,
  bearer,
  reason: (value: unknown) => value === null || reason(value),
  ...position,
  policy,
  pending: flag,
  refreshable: flag,
  // This is the one object, and near the front, because the browser's inspector cuts objects off after the tenth
  // member.
  doubt,
  idle: flag,
  shared: flag,
  lastChance: flag,
  misconfigured: flag,
  bearerVersion: number,
  accepted: flag,
  disputed: flag,
  rejections: number,
  isHurried: flag,
  useless: number,
  attempts: number,
  endsAt: number,
  leadAt: number,
  refreshAt: number,
  floorAt: number,
  rejectFloorAt: number,
  triedAt: number,
  retryAt: number,
  heldUntil: number,
  rereadAt: number,
  idleEndsAt: number,
  absoluteEndsAt: number,
  idleTimeoutMs: number,
  absoluteLifetimeMs: number,
} satisfies Record<Exclude<keyof SessionContext, 'user' | 'provider'>, Shown[string]>

/**
 * The user of the session: texts of the backend and of the embedder. No avatar, because its URL may be a signed one.
 */
const personal = {
  userId: text,
  userEmail: text,
  userName: text,
  userUsername: text,
  userRole: text,
  userTenantId: text,
  provider: text,
}

/** The same of a context, without objects in it. */
export function whose({ user, provider }: Partial<Pick<SessionContext, 'user' | 'provider'>>) {
  const named = Object.entries(user ?? {}).map(([name, value]) => [
    `user${name.charAt(0).toUpperCase()}${name.slice(1)}`,
    value,
  ])
  return shown({ ...Object.fromEntries(named), provider }, personal)
}
