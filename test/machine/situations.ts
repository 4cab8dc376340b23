import type { SessionInput } from '../../machines/session.context.ts'
import type { SessionEvent } from '../../machines/session.events.ts'
import { NEVER } from '../../machines/session.instants.ts'
import type { ResendPolicy, SessionStateName } from '../../machines/session.types.ts'
import { begin, factsOf, instants, LOGIN, play, type Snapshot, type Timeless } from './chart.ts'

/** The chart in one state, and the instant it got there. */
export interface Situation {
  readonly snapshot: Snapshot
  readonly since: number
}
/** Left out: the setting does not reach this state. */
export type Setting = Partial<Record<SessionStateName, Situation>>

const { lead, end } = instants
const flight = { epoch: 1, version: 2 }
const idle: SessionEvent = { type: 'user.changed', idle: true, at: LOGIN }
const checked = (at: number): SessionEvent => ({ type: 'time.checked', at })
const forced = (at: number): SessionEvent => ({ type: 'refresh.asked', by: 'force', at })
const refused = (at: number, more = {}): SessionEvent => ({
  type: 'refresh.refused',
  ...flight,
  roll: 1,
  at,
  ...more,
})
const rejected = (at: number): SessionEvent => ({
  type: 'refresh.rejected',
  ...flight,
  reason: 'refreshRejected',
  at,
})
const unknown = (resend: ResendPolicy, at: number): SessionEvent => ({
  type: 'refresh.unknown',
  ...flight,
  roll: 0,
  resend,
  answered: true,
  at,
})
const unsupported = (at: number, forGood = false): SessionEvent => ({
  type: 'refresh.unsupported',
  ...flight,
  forGood,
  at,
})

const answered = (type: 'bearer.rejected' | 'bearer.accepted', at: number): SessionEvent => ({
  type,
  ...flight,
  at,
})

const dead = { bearer: 'none' } as const

/** Version 2 of epoch 1, received at the instant of the login, with a floor five seconds later. */
function reach(input: SessionInput, ...events: SessionEvent[]): Situation {
  const facts = factsOf({ version: 2, ...(input.facts?.refreshable === false && { refreshable: false }) })
  const renewed: SessionEvent = { type: 'session.renewed', at: LOGIN, facts }
  const snapshot = play({ facts: factsOf(), shared: true, ...input }, renewed, ...events)
  return { snapshot, since: events.at(-1)?.at ?? LOGIN }
}

const usual = (input: SessionInput, way: SessionEvent[], toNearing: SessionEvent[] = []): Setting => ({
  loggedOut: { snapshot: begin({ ...input, facts: null }), since: LOGIN },
  active: reach(input, ...way),
  nearingExpiry: reach(input, ...way, ...toNearing, checked(lead)),
  refreshing: reach(input, ...way, forced(lead)),
  retrying: reach(input, ...way, forced(lead), refused(lead)),
  expired: reach(input, ...way, forced(lead), rejected(lead)),
})

const onDemand: SessionInput = { policy: 'onDemand' }
const held = refused(lead, { notBefore: lead + 10_000 })
const within: ResendPolicy = { withinMs: 40_000 }

/** The session in each state, by the shortest way there. */
export const settings = {
  eager: usual({}, [], [idle]),
  'eager, idle': usual({}, [idle]),
  onDemand: usual(onDemand, []),
  prompt: usual({ policy: 'prompt' }, []),
  'bearer ended': {
    nearingExpiry: reach(onDemand, checked(lead), checked(end)),
    refreshing: reach(onDemand, forced(lead), checked(end)),
    retrying: reach(onDemand, forced(lead), refused(lead), forced(end), refused(end)),
  },
  'forced early': { refreshing: reach({}, forced(instants.mid)) },
  'nothing to refresh with': {
    active: reach({ facts: factsOf({ refreshable: false }) }),
    nearingExpiry: reach({ facts: factsOf({ refreshable: false }) }, checked(lead)),
    expired: reach({ facts: factsOf({ refreshable: false }) }, checked(lead), checked(end)),
  },
  'one last chance': {
    active: reach({}, forced(instants.mid), unsupported(instants.mid)),
    nearingExpiry: reach({}, forced(lead), unsupported(lead)),
    refreshing: reach({}, forced(lead), unsupported(lead), checked(end)),
    retrying: reach({}, forced(lead), unsupported(lead), checked(end), refused(end)),
    expired: reach({}, forced(lead), unsupported(lead), checked(end), unsupported(end)),
  },
  'asked to wait': { retrying: reach({}, forced(lead), held) },
  'in doubt, afterBearerEnds': {
    refreshing: reach({}, forced(lead), unknown('afterBearerEnds', lead), checked(end)),
    retrying: reach({}, forced(lead), unknown('afterBearerEnds', lead)),
  },
  'in doubt, never': {
    retrying: reach({}, forced(lead), unknown('never', lead)),
    expired: reach({}, forced(lead), unknown('never', lead), checked(end)),
  },
  'in doubt, withinMs': {
    refreshing: reach({}, forced(lead), unknown(within, lead), checked(lead + 2_000)),
    retrying: reach({}, forced(lead), unknown(within, lead)),
  },
  'in doubt, withinMs, sent twice': {
    retrying: reach(
      {},
      forced(lead),
      unknown(within, lead),
      checked(lead + 2_000),
      unknown(within, lead + 2_000),
    ),
  },
  'a call was served': {
    active: reach({}, answered('bearer.accepted', LOGIN + 500)),
    retrying: reach({}, answered('bearer.accepted', LOGIN + 500), forced(lead), refused(lead)),
  },
  'answered 401 inside the floor': { retrying: reach({}, answered('bearer.rejected', instants.soon)) },
  'renewed without a bearer': {
    retrying: reach({}, forced(lead), {
      type: 'session.renewed',
      at: lead,
      facts: factsOf({ version: 3, ...dead, bearerVersion: 2, floorAt: lead + 5_000 }),
    }),
  },
  'idle limit': usual({ idleTimeoutMs: 3_600_000 }, [], [idle]),
  'absolute lifetime': usual({ absoluteLifetimeMs: 3_600_000 }, [], [idle]),
} satisfies Record<string, Setting>

const of = (version: number, epoch = 1) => ({ epoch, version })

/** Every event in the variants that the table distinguishes. The current position is epoch 1, version 2. */
export const variants = {
  'session.started': {
    login: { facts: factsOf({ epoch: 2, endsAt: NEVER, leadAt: NEVER, refreshAt: NEVER }) },
  },
  'session.ended': {
    user: { reason: 'user' },
    elsewhere: { reason: 'elsewhere' },
    backChannel: { reason: 'backChannel' },
    never: { reason: 'never' },
  },
  'session.restored': {
    'to look': { input: { shared: true } },
    'to nobody': { input: { facts: null } },
  },
  'session.renewed': {
    newer: { facts: factsOf({ version: 3, endsAt: NEVER }) },
    same: { facts: factsOf({ version: 2, endsAt: NEVER }) },
    older: { facts: factsOf({ version: 1, endsAt: NEVER }) },
    'epoch before': { facts: factsOf({ epoch: 0, version: 3, endsAt: NEVER }) },
    'epoch after': { facts: factsOf({ epoch: 2, version: 3, endsAt: NEVER }) },
    'short-lived': { facts: factsOf({ version: 3, endsAt: LOGIN }) },
    'no bearer': { facts: factsOf({ version: 3, ...dead }) },
    'no bearer, no token': { facts: factsOf({ version: 3, refreshable: false, ...dead }) },
  },
  'refresh.asked': { caller: { by: 'caller' }, user: { by: 'user' }, force: { by: 'force' } },
  'bearer.rejected': { current: of(2), older: of(1), newer: of(3), 'epoch before': of(2, 0) },
  'bearer.accepted': { current: of(2), older: of(1), newer: of(3), 'epoch before': of(2, 0) },
  'time.checked': { '': {} },
  'refresh.refused': {
    current: { ...of(2), roll: 0 },
    older: { ...of(1), roll: 0 },
    'epoch before': { ...of(2, 0), roll: 0 },
    misconfigured: { ...of(2), roll: 0, misconfigured: true },
    'with Retry-After': { ...of(2), roll: 0, notBefore: instants.long },
  },
  'refresh.unknown': {
    afterBearerEnds: { ...of(2), roll: 0, resend: 'afterBearerEnds', answered: true },
    'afterBearerEnds, no answer': { ...of(2), roll: 0, resend: 'afterBearerEnds', answered: false },
    never: { ...of(2), roll: 0, resend: 'never', answered: true },
    withinMs: { ...of(2), roll: 0, resend: within, answered: true },
    older: { ...of(1), roll: 0, resend: 'never', answered: true },
    'epoch before': { ...of(2, 0), roll: 0, resend: 'never', answered: true },
  },
  'refresh.rejected': {
    refreshRejected: { ...of(2), reason: 'refreshRejected' },
    missingCredential: { ...of(2), reason: 'missingCredential' },
    accessRevoked: { ...of(2), reason: 'accessRevoked' },
    identityMismatch: { ...of(2), reason: 'identityMismatch' },
    keyLost: { ...of(2), reason: 'keyLost' },
    stepUpRequired: { ...of(2), reason: 'stepUpRequired' },
    older: { ...of(1), reason: 'refreshRejected' },
    'epoch before': { ...of(2, 0), reason: 'refreshRejected' },
  },
  'refresh.unsupported': {
    'for now': { ...of(2), forGood: false },
    'for good': { ...of(2), forGood: true },
    older: { ...of(1), forGood: true },
    'epoch before': { ...of(2, 0), forGood: true },
  },
  'user.changed': { idle: { idle: true }, back: { idle: false } },
  'network.restored': { '': {} },
} satisfies {
  [T in SessionEvent['type']]: Record<string, Omit<Extract<Timeless, { type: T }>, 'type'>>
}
