import { assign, setup } from 'xstate'
import {
  afterRefused,
  afterUnknown,
  doubtAfter,
  isHopeless,
  isSpent,
  isUseless,
  maySend,
  rereadAfter,
} from './session.deadlines.ts'
import { alarmPort, refreshPort, rereadPort } from './session.ports.ts'
import type {
  ExpiredReason,
  Position,
  SessionContext,
  SessionEvent,
  SessionFacts,
  SessionInput,
  SessionTag,
} from './session.types.ts'

type Of<T extends SessionEvent['type']> = Extract<SessionEvent, { type: T }>
interface Given {
  context: SessionContext
  event: SessionEvent
}

const isCurrent = (c: SessionContext, e: Position) => e.epoch === c.epoch && e.version === c.version
const isNewer = (c: SessionContext, e: Of<'session.renewed'>) =>
  e.facts.epoch === c.epoch && e.facts.version > c.version
/** A bearer without an answer gets one more chance, one that lives too short two (three renewals in a row). */
const isUselessTooOften = (c: SessionContext, e: Of<'session.renewed'>) =>
  isUseless(e.facts, e.at) && c.useless + 1 >= (e.facts.bearer === 'none' ? 2 : 3)
const isPastFloor = (c: SessionContext, e: SessionEvent) => e.at >= c.floorAt
const rejectedNow = (c: SessionContext): SessionContext => ({
  ...c,
  bearer: 'rejected',
})

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
const adopted = (facts: SessionFacts): Partial<SessionContext> => ({
  ...nobody,
  ...pick(facts),
  retryAt: facts.floorAt,
  pending: false,
  reason: null,
})

const pick = ({
  epoch,
  version,
  user,
  provider,
  bearer,
  refreshable,
  endsAt,
  leadAt,
  refreshAt,
  floorAt,
}: SessionFacts) => ({
  epoch,
  version,
  user,
  provider,
  bearer,
  refreshable,
  endsAt,
  leadAt,
  refreshAt,
  floorAt,
})

const begun = (c: SessionContext, facts: SessionFacts, at: number): Partial<SessionContext> => ({
  ...adopted(facts),
  // The floor keeps refreshes apart; a login is none.
  floorAt: at,
  idle: false,
  idleEndsAt: at + c.idleTimeoutMs,
  absoluteEndsAt: facts.startedAt + c.absoluteLifetimeMs,
})

/**
 * The session. A pure function of its events: every event carries the instant at which it happened, no guard
 * reads a clock, and no token enters. The ports `refresh`, `alarm` and `reread` throw until they are provided.
 */
export const sessionMachine = setup({
  types: {
    context: {} as SessionContext,
    events: {} as SessionEvent,
    input: {} as SessionInput | undefined,
    tags: '' as SessionTag,
  },
  actors: { refresh: refreshPort, alarm: alarmPort },
  guards: {
    hasIdledTooLong: ({ context, event }) => event.at >= context.idleEndsAt,
    hasLivedTooLong: ({ context, event }) => event.at >= context.absoluteEndsAt,
    hasFacts: ({ context }) => context.user !== null,
    isEndedForGood: ({ context: c, event }) =>
      event.at >= c.endsAt && (c.policy === 'prompt' || !c.refreshable || isHopeless(c, event.at)),
    isTimerDue: ({ context: c, event }) =>
      event.at >= c.refreshAt && c.policy === 'eager' && !c.idle && maySend(c, event.at),
    isInsideLead: ({ context, event }) => event.at >= context.leadAt,
    isEndedAndEager: ({ context: c, event }) =>
      event.at >= c.endsAt && c.policy === 'eager' && !c.idle && maySend(c, event.at),
    isWorthAsking: ({ context: c, event }: Given) =>
      maySend(c, event.at) &&
      isPastFloor(c, event) &&
      ((event as Of<'refresh.asked'>).by !== 'caller' || (c.policy !== 'prompt' && event.at >= c.leadAt)),
    isRejectedForGood: ({ context: c, event }) =>
      isCurrent(c, event as Of<'bearer.rejected'>) &&
      (!c.refreshable || isHopeless(rejectedNow(c), event.at)),
    isRejectedPastFloor: ({ context: c, event }) =>
      isCurrent(c, event as Of<'bearer.rejected'>) &&
      isPastFloor(c, event) &&
      maySend(rejectedNow(c), event.at),
    isRejected: ({ context, event }) => isCurrent(context, event as Of<'bearer.rejected'>),
    isBackAndEager: ({ context: c, event }) =>
      !(event as Of<'user.changed'>).idle &&
      c.policy === 'eager' &&
      maySend(c, event.at) &&
      isPastFloor(c, event),
    isNewer: ({ context, event }) => isNewer(context, event as Of<'session.renewed'>),
    isNewerUseless: ({ context: c, event }) =>
      isNewer(c, event as Of<'session.renewed'>) &&
      isUseless((event as Of<'session.renewed'>).facts, event.at),
    isNewerUselessTooOften: ({ context: c, event }) =>
      isNewer(c, event as Of<'session.renewed'>) && isUselessTooOften(c, event as Of<'session.renewed'>),
    isNewerAfterDoubt: ({ context: c, event }) =>
      (c.reason === 'refreshRejected' || c.reason === 'refreshOutcomeUnknown') &&
      isNewer(c, event as Of<'session.renewed'>),
    isOfThisFlight: ({ context, event }) => isCurrent(context, event as Of<'refresh.refused'>),
    isUnknownForGood: ({ context: c, event }) => {
      const e = event as Of<'refresh.unknown'>
      return isCurrent(c, e) && isHopeless(c, e.at, doubtAfter(c, e))
    },
    isUnsupportedAndSpent: ({ context: c, event }) =>
      isCurrent(c, event as Of<'refresh.unsupported'>) && isSpent(c, event.at),
    isUnsupportedInsideLead: ({ context: c, event }) =>
      isCurrent(c, event as Of<'refresh.unsupported'>) && event.at >= c.leadAt,
    isHopeless: ({ context, event }) => isHopeless(context, event.at),
    isRetryDue: ({ context: c, event }) => event.at >= c.retryAt && maySend(c, event.at),
    isAskedAndDue: ({ context: c, event }) =>
      (event as Of<'refresh.asked'>).by !== 'caller' && event.at >= c.retryAt && maySend(c, event.at),
    isFreeToRetry: ({ context: c, event }) => event.at >= c.heldUntil && maySend(c, event.at),
    isRereadDue: ({ context, event }) => event.at >= context.rereadAt,
  },
  actions: {
    begin: assign(({ context, event }) => {
      const e = event as Of<'session.started'>
      return begun(context, e.facts, e.at)
    }),
    renew: assign(({ context, event }) => {
      const { facts, at } = event as Of<'session.renewed'>
      return {
        ...adopted(facts),
        useless: isUseless(facts, at) ? context.useless + 1 : 0,
      }
    }),
    end: assign(({ event }) => ({
      ...nobody,
      pending: false,
      reason: (event as Of<'session.ended'>).reason,
    })),
    settle: assign({ pending: false }),
    expire: assign(({ context }, params?: { reason: ExpiredReason }) => ({
      bearer: 'none' as const,
      reason: params?.reason ?? reasonOfEnd(context),
    })),
    markTime: assign(({ context: c, event }) =>
      c.bearer === 'good' && event.at >= c.endsAt ? { bearer: 'ended' as const } : {},
    ),
    markRejected: assign({ bearer: 'rejected' }),
    noteUser: assign(({ context, event }) => noted(context, (event as Of<'user.changed'>).idle, event.at)),
    noteAsked: assign(({ context: c, event }) =>
      c.reason === null && (event as Of<'refresh.asked'>).by === 'user' ? noted(c, false, event.at) : {},
    ),
    noteRefused: assign(({ context, event }) => afterRefused(context, event as Of<'refresh.refused'>)),
    noteUnknown: assign(({ context, event }) => afterUnknown(context, event as Of<'refresh.unknown'>)),
    noteUnsupported: assign(({ event }) =>
      (event as Of<'refresh.unsupported'>).forGood
        ? { refreshable: false, lastChance: true }
        : { lastChance: true },
    ),
    noteReread: assign(({ context, event }) => ({
      attempts: context.attempts + 1,
      rereadAt: rereadAfter(context, event.at),
    })),
    reread: rereadPort,
  },
}).createMachine({
  id: 'session',
  description: 'One session of an admin UI: who it belongs to, until when, and who renews it.',
  context: ({ input = {} }) => {
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
    return input.facts
      ? {
          ...empty,
          ...begun(empty, input.facts, input.at ?? input.facts.startedAt),
        }
      : empty
  },
  invoke: {
    id: 'alarm',
    src: 'alarm',
    input: ({ self }) => ({ session: self }),
  },
  initial: 'loggedOut',
  on: {
    'session.started': { target: '.active', actions: 'begin' },
    'session.ended': { target: '.loggedOut', actions: 'end' },
    'refresh.asked': { actions: 'noteAsked' },
    'user.changed': { actions: 'noteUser' },
  },
  states: {
    loggedOut: {
      description: 'Nobody is logged in; `pending` while it is not yet known. Only a login leaves.',
      always: { guard: 'hasFacts', target: 'active' },
      on: {
        'session.ended': { actions: 'settle' },
      },
    },
    active: {
      description: 'The bearer is good for longer than the lead time. Callers are served at once.',
      tags: 'authenticated',
      on: {
        'time.checked': [
          {
            guard: 'hasLivedTooLong',
            target: 'expired',
            actions: { type: 'expire', params: { reason: 'absoluteLifetime' } },
          },
          {
            guard: 'hasIdledTooLong',
            target: 'expired',
            actions: { type: 'expire', params: { reason: 'idle' } },
          },
          { guard: 'isEndedForGood', target: 'expired', actions: 'expire' },
          { guard: 'isTimerDue', target: 'refreshing', actions: 'markTime' },
          {
            guard: 'isInsideLead',
            target: 'nearingExpiry',
            actions: 'markTime',
          },
        ],
        'refresh.asked': {
          guard: 'isWorthAsking',
          target: 'refreshing',
          actions: ['markTime', 'noteAsked'],
        },
        'bearer.rejected': [
          { guard: 'isRejectedForGood', target: 'expired', actions: 'expire' },
          {
            guard: 'isRejectedPastFloor',
            target: 'refreshing',
            actions: 'markRejected',
          },
        ],
        'session.renewed': {
          guard: 'isNewer',
          target: 'active',
          actions: 'renew',
        },
      },
    },
    nearingExpiry: {
      description:
        'A refresh is due and nobody has asked: the policy or idleness holds it back, or there is nothing to refresh with.',
      tags: ['authenticated', 'warning'],
      on: {
        'time.checked': [
          {
            guard: 'hasLivedTooLong',
            target: 'expired',
            actions: { type: 'expire', params: { reason: 'absoluteLifetime' } },
          },
          {
            guard: 'hasIdledTooLong',
            target: 'expired',
            actions: { type: 'expire', params: { reason: 'idle' } },
          },
          { guard: 'isEndedForGood', target: 'expired', actions: 'expire' },
          {
            guard: 'isEndedAndEager',
            target: 'refreshing',
            actions: 'markTime',
          },
          { actions: 'markTime' },
        ],
        'refresh.asked': {
          guard: 'isWorthAsking',
          target: 'refreshing',
          actions: ['markTime', 'noteAsked'],
        },
        'bearer.rejected': [
          { guard: 'isRejectedForGood', target: 'expired', actions: 'expire' },
          {
            guard: 'isRejectedPastFloor',
            target: 'refreshing',
            actions: 'markRejected',
          },
        ],
        'user.changed': {
          guard: 'isBackAndEager',
          target: 'refreshing',
          actions: ['markTime', 'noteUser'],
        },
        'session.renewed': {
          guard: 'isNewer',
          target: 'active',
          actions: 'renew',
        },
      },
    },
    refreshing: {
      description:
        'One flight renews the bearer. The old one is served while good; callers who need a new one wait for this flight.',
      tags: 'busy',
      invoke: {
        id: 'refresh',
        src: 'refresh',
        input: ({ context: { provider, epoch, version }, self }) => ({
          provider,
          epoch,
          version,
          session: self,
        }),
      },
      on: {
        'time.checked': [
          {
            guard: 'hasLivedTooLong',
            target: 'expired',
            actions: { type: 'expire', params: { reason: 'absoluteLifetime' } },
          },
          {
            guard: 'hasIdledTooLong',
            target: 'expired',
            actions: { type: 'expire', params: { reason: 'idle' } },
          },
          { actions: 'markTime' },
        ],
        'bearer.rejected': { guard: 'isRejected', actions: 'markRejected' },
        'session.renewed': [
          {
            guard: 'isNewerUselessTooOften',
            target: 'expired',
            actions: ['renew', { type: 'expire', params: { reason: 'unusableLifetime' } }],
          },
          { guard: 'isNewerUseless', target: 'retrying', actions: 'renew' },
          { guard: 'isNewer', target: 'active', actions: 'renew' },
        ],
        'refresh.refused': {
          guard: 'isOfThisFlight',
          target: 'retrying',
          actions: 'noteRefused',
        },
        'refresh.unknown': [
          {
            guard: 'isUnknownForGood',
            target: 'expired',
            actions: ['noteUnknown', 'expire'],
          },
          {
            guard: 'isOfThisFlight',
            target: 'retrying',
            actions: 'noteUnknown',
          },
        ],
        'refresh.rejected': {
          guard: 'isOfThisFlight',
          target: 'expired',
          actions: {
            type: 'expire',
            params: ({ event }) => ({ reason: event.reason }),
          },
        },
        'refresh.unsupported': [
          {
            guard: 'isUnsupportedAndSpent',
            target: 'expired',
            actions: ['noteUnsupported', 'expire'],
          },
          {
            guard: 'isUnsupportedInsideLead',
            target: 'nearingExpiry',
            actions: 'noteUnsupported',
          },
          {
            guard: 'isOfThisFlight',
            target: 'active',
            actions: 'noteUnsupported',
          },
        ],
      },
    },
    retrying: {
      description:
        'The last attempt did not succeed and may yet. A good bearer is served; without one callers are told when to come back.',
      tags: 'degraded',
      on: {
        'time.checked': [
          {
            guard: 'hasLivedTooLong',
            target: 'expired',
            actions: { type: 'expire', params: { reason: 'absoluteLifetime' } },
          },
          {
            guard: 'hasIdledTooLong',
            target: 'expired',
            actions: { type: 'expire', params: { reason: 'idle' } },
          },
          { guard: 'isHopeless', target: 'expired', actions: 'expire' },
          { guard: 'isRetryDue', target: 'refreshing', actions: 'markTime' },
          {
            guard: 'isRereadDue',
            actions: ['markTime', 'noteReread', 'reread'],
          },
          { actions: 'markTime' },
        ],
        'refresh.asked': {
          guard: 'isAskedAndDue',
          target: 'refreshing',
          actions: ['markTime', 'noteAsked'],
        },
        'bearer.rejected': [
          { guard: 'isRejectedForGood', target: 'expired', actions: 'expire' },
          { guard: 'isRejected', actions: 'markRejected' },
        ],
        'network.restored': {
          guard: 'isFreeToRetry',
          target: 'refreshing',
          actions: 'markTime',
        },
        'session.renewed': [
          {
            guard: 'isNewerUselessTooOften',
            target: 'expired',
            actions: ['renew', { type: 'expire', params: { reason: 'unusableLifetime' } }],
          },
          { guard: 'isNewerUseless', actions: 'renew' },
          { guard: 'isNewer', target: 'active', actions: 'renew' },
        ],
      },
    },
    expired: {
      description:
        'The session is over; `reason` says why. A login leaves, and so does a newer version from a peer where only the refresh failed.',
      tags: 'ended',
      on: {
        'session.renewed': {
          guard: 'isNewerAfterDoubt',
          target: 'active',
          actions: 'renew',
        },
      },
    },
  },
})

function noted(c: SessionContext, idle: boolean, at: number): Partial<SessionContext> {
  return idle ? { idle } : { idle, idleEndsAt: at + c.idleTimeoutMs }
}

/** Why a bearer that ended is not replaced. */
function reasonOfEnd(c: SessionContext): ExpiredReason {
  if (c.doubt)
    return c.doubt.answered && c.doubt.resend !== 'never' ? 'refreshRejected' : 'refreshOutcomeUnknown'
  if (c.lastChance) return 'refreshUnsupported'
  return c.refreshable ? 'idle' : 'notRefreshable'
}
