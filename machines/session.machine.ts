import { actions } from './session.actions.ts'
import type { SessionContext, SessionInput } from './session.context.ts'
import { isSpent } from './session.deadlines.ts'
import type { SessionEvent, TransitionNotice } from './session.events.ts'
import { initial } from './session.facts.ts'
import { guards } from './session.guards.ts'
import { alarmPort, refreshPort, runtimePort } from './session.ports.ts'
import { setup } from './session.setup.ts'
import type { SessionTag } from './session.types.ts'

/**
 * The session. A pure function of its events: every event carries the instant at which it happened, no guard
 * reads a clock, and no token enters. The ports `refresh`, `alarm` and `reread` throw until they are provided.
 */
export const sessionMachine = setup({
  types: {} as {
    context: SessionContext
    events: SessionEvent
    input: SessionInput | undefined
    emitted: TransitionNotice
    tags: SessionTag
  },
  actors: { refresh: refreshPort, alarm: alarmPort, runtime: runtimePort },
  guards,
  actions,
}).createMachine({
  id: 'session',
  description: 'A session.',
  context: ({ input = {} }) => initial(input),
  invoke: [
    { id: 'runtime', src: 'runtime', input: ({ self }) => ({ session: self }) },
    { id: 'alarm', src: 'alarm', input: ({ self }) => ({ session: self }) },
  ],
  initial: 'loggedOut',
  on: {
    'session.started': [
      {
        guard: 'isStartedInTrouble',
        target: '.retrying',
        actions: 'begin',
        description: 'found; the last refresh failed',
      },
      { target: '.active', actions: 'begin', description: 'login' },
    ],
    'session.ended': { target: '.loggedOut', actions: 'end', description: 'logout, or there is no session' },
    'session.restored': {
      target: '.loggedOut',
      reenter: true,
      actions: 'startOver',
      description: 'a snapshot without its tokens',
    },
    'session.renewed': [
      {
        guard: 'isNewerUseless',
        target: '.expired',
        actions: ['renew', 'expire'],
        description: 'no usable bearer, and the old one is spent',
      },
      {
        guard: 'isNewerUnusable',
        target: '.retrying',
        actions: 'renew',
        description: 'no usable bearer: the old one stays',
      },
      { guard: 'isNewer', target: '.active', actions: 'renew', description: 'renewed, here or by a peer' },
    ],
    'refresh.rejected': {
      guard: 'isRejectedAlive',
      target: '.expired',
      actions: { type: 'expire', params: ({ event }) => ({ reason: event.reason }) },
      description: 'rejected for good',
    },
    'bearer.rejected': [
      {
        guard: 'isRejectedForGood',
        target: '.expired',
        actions: 'expire',
        description: '401, and nothing can renew it',
      },
      { guard: 'isRejectedPastFloor', target: '.refreshing', actions: 'markRejected', description: '401' },
      {
        guard: 'isRejected',
        target: '.retrying',
        actions: ['markRejected', 'waitForFloor'],
        description: '401 right after a renewal',
      },
    ],
    'time.checked': [
      {
        guard: 'isOver',
        target: '.expired',
        actions: 'expire',
        description: 'a limit is reached, or nothing can renew it',
      },
      { guard: 'isAlive', actions: 'markTime', description: 'time passes' },
    ],
    'refresh.asked': { actions: 'noteAsked', description: 'the user is there' },
    'bearer.accepted': { guard: 'isAnswer', actions: 'markAccepted', description: 'a call was served' },
    'user.changed': { actions: 'noteUser', description: 'the user is active or idle' },
  },
  states: {
    loggedOut: {
      description: 'Nobody is logged in; `pending` while that is not yet known.',
      always: [
        { guard: 'hasTrouble', target: 'retrying', description: 'found; the last refresh failed' },
        { guard: 'hasFacts', target: 'active', description: 'found' },
      ],
    },
    active: {
      description: 'The bearer is good for longer than the lead time.',
      tags: 'authenticated',
      on: {
        'time.checked': [
          {
            guard: 'isUnanswered',
            target: 'expired',
            actions: 'expire',
            description: 'nobody answered the prompt',
          },
          { guard: 'isTimerDue', target: 'refreshing', actions: 'markTime', description: 'due' },
          {
            guard: 'isInsideLead',
            target: 'nearingExpiry',
            actions: ['markTime', 'warn'],
            description: 'due, and nobody asks',
          },
        ],
        'refresh.asked': {
          guard: 'isWorthAsking',
          target: 'refreshing',
          actions: ['markTime', 'noteAsked', 'hurry'],
          description: 'due, and a caller asks; or the user asks',
        },
        'bearer.rejected': {
          guard: 'isDisputed',
          actions: 'markDisputed',
          description: '401 right after a renewal, on one route',
        },
      },
    },
    nearingExpiry: {
      description: 'A refresh is due, and nobody asks, or nothing can renew it.',
      tags: ['authenticated', 'warning'],
      on: {
        'time.checked': [
          {
            guard: 'isUnanswered',
            target: 'expired',
            actions: 'expire',
            description: 'nobody answered the prompt',
          },
          {
            guard: 'isEndedAndEager',
            target: 'refreshing',
            actions: 'markTime',
            description: 'the bearer has ended',
          },
        ],
        'refresh.asked': {
          guard: 'isWorthAsking',
          target: 'refreshing',
          actions: ['markTime', 'noteAsked', 'hurry'],
          description: 'due, and a caller asks; or the user asks',
        },
        'user.changed': {
          guard: 'isBackAndEager',
          target: 'refreshing',
          actions: ['markTime', 'noteUser'],
          description: 'the user is back',
        },
      },
    },
    refreshing: {
      description: 'One refresh renews the bearer. The old bearer is served while it is good.',
      tags: ['authenticated', 'busy'],
      invoke: {
        id: 'refresh',
        src: 'refresh',
        input: ({ context: c, event, self }) => ({
          provider: c.provider,
          kind: c.kind,
          epoch: c.epoch,
          version: c.version,
          doubt: c.doubt,
          isSpent: isSpent(c, event.at),
          isHurried: c.isHurried,
          rejections: c.rejections,
          session: self,
        }),
      },
      on: {
        'time.checked': {
          guard: 'isWithinLimits',
          actions: 'markTime',
          description: 'the refresh may still succeed',
        },
        'bearer.rejected': { guard: 'isAnswer', actions: 'markRejected', description: '401' },
        'session.renewed': {
          guard: 'isSame',
          target: 'active',
          actions: 'confirm',
          description: 'nothing was due',
        },
        'refresh.refused': {
          guard: 'isOfThisFlight',
          target: 'retrying',
          actions: 'noteRefused',
          description: 'refused, and the token is not spent',
        },
        'refresh.unknown': [
          {
            guard: 'isUnknownForGood',
            target: 'expired',
            actions: ['noteUnknown', 'expire'],
            description: 'the token may be spent, and no send is left',
          },
          {
            guard: 'isOfThisFlight',
            target: 'retrying',
            actions: 'noteUnknown',
            description: 'the token may be spent',
          },
        ],
        'refresh.unsupported': [
          {
            guard: 'isUnsupportedAndSpent',
            target: 'expired',
            actions: ['noteUnsupported', { type: 'expire', params: { reason: 'refreshUnsupported' } }],
            description: 'no refresh here, the bearer has ended',
          },
          {
            guard: 'isUnsupportedInsideLead',
            target: 'nearingExpiry',
            actions: ['noteUnsupported', 'warn'],
            description: 'no refresh here, the bearer ends soon',
          },
          {
            guard: 'isOfThisFlight',
            target: 'active',
            actions: 'noteUnsupported',
            description: 'no refresh here',
          },
        ],
      },
    },
    retrying: {
      description:
        'The last refresh failed, and the next may succeed. The old bearer is served while it is good.',
      tags: ['authenticated', 'degraded'],
      on: {
        'time.checked': [
          {
            guard: 'isRetryDue',
            target: 'refreshing',
            actions: 'markTime',
            description: 'the backoff is over',
          },
          {
            guard: 'isRereadDue',
            actions: ['markTime', 'noteReread', 'reread'],
            description: 'looks for a renewal by a peer',
          },
        ],
        'refresh.asked': [
          {
            guard: 'isAskedAndDue',
            target: 'refreshing',
            actions: ['markTime', 'noteAsked', 'hurry'],
            description: 'due, and asked for',
          },
          { actions: ['noteAsked', 'hurry'], description: 'asked for, not yet due' },
        ],
        'bearer.rejected': { guard: 'isRejectedForNow', actions: 'markRejected', description: '401' },
        'bearer.accepted': {
          guard: 'isCleared',
          target: 'active',
          actions: 'markAccepted',
          description: 'a call was served: one route says 401',
        },
        'network.restored': [
          {
            guard: 'isFreeToRetry',
            target: 'refreshing',
            actions: ['markTime', 'hurry'],
            description: 'the network is back',
          },
          { actions: 'hurry', description: 'the network is back, not yet due' },
        ],
      },
    },
    expired: {
      description: 'The session is over; `reason` says why.',
      tags: 'ended',
    },
  },
})
