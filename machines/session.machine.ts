import { assign, setup } from 'xstate'
import { afterRefused, afterUnknown, rereadAfter } from './session.deadlines.ts'
import { begun, ended, initial, noted, passed, reasonOfEnd, rejected, renewed } from './session.facts.ts'
import { guards } from './session.guards.ts'
import { alarmPort, refreshPort, rereadPort } from './session.ports.ts'
import type {
  EventOf,
  ExpiredReason,
  SessionContext,
  SessionEvent,
  SessionInput,
  SessionTag,
} from './session.types.ts'

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
  guards,
  actions: {
    begin: assign(({ context, event }) => {
      const { facts, at } = event as EventOf<'session.started'>
      return begun(context, facts, at)
    }),
    renew: assign(({ context, event }) => renewed(context, event as EventOf<'session.renewed'>)),
    end: assign(({ event }) => ended(event as EventOf<'session.ended'>)),
    settle: assign({ pending: false }),
    expire: assign(({ context }, params?: { reason: ExpiredReason }) => ({
      bearer: 'none' as const,
      reason: params?.reason ?? reasonOfEnd(context),
    })),
    markTime: assign(({ context, event }) => passed(context, event.at)),
    markRejected: assign(rejected),
    noteUser: assign(({ context, event }) =>
      noted(context, (event as EventOf<'user.changed'>).idle, event.at),
    ),
    noteAsked: assign(({ context: c, event }) =>
      c.reason === null && (event as EventOf<'refresh.asked'>).by === 'user' ? noted(c, false, event.at) : {},
    ),
    noteRefused: assign(({ context, event }) => afterRefused(context, event as EventOf<'refresh.refused'>)),
    noteUnknown: assign(({ context, event }) => afterUnknown(context, event as EventOf<'refresh.unknown'>)),
    noteUnsupported: assign(({ event }) =>
      (event as EventOf<'refresh.unsupported'>).forGood
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
  context: ({ input = {} }) => initial(input),
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
            actions: ['noteUnsupported', { type: 'expire', params: { reason: 'refreshUnsupported' } }],
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
