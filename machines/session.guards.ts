import type { SessionContext } from './session.context.ts'
import {
  doubtAfter,
  isHopeless,
  isPastLimit,
  isSpent,
  isTimed,
  isUnusable,
  isUseful,
  maySend,
  retryDueAt,
} from './session.deadlines.ts'
import type { EventOf, SessionEvent } from './session.events.ts'
import { rejected, renewed } from './session.facts.ts'
import type { Position } from './session.types.ts'

interface Given {
  context: SessionContext
  event: SessionEvent
}

const isCurrent = (c: SessionContext, e: Position) => e.epoch === c.epoch && e.version === c.version

/**
 * The event is newer than the present version, in a session that lives, or that ended while a peer might still have
 * renewed it.
 */
const isNewer = (c: SessionContext, { facts }: EventOf<'session.renewed'>) =>
  facts.epoch === c.epoch &&
  facts.version > c.version &&
  (c.reason === null || c.reason === 'refreshRejected' || c.reason === 'refreshOutcomeUnknown')

/** An answer to a call with the present bearer, which renewals without a bearer do not change. */
const isAnswer = (c: SessionContext, event: SessionEvent) => {
  const e = event as EventOf<'bearer.rejected' | 'bearer.accepted'>
  return c.reason === null && e.epoch === c.epoch && e.version >= c.bearerVersion && e.version <= c.version
}

/** If another call was served, a 401 right after a renewal is about one route only. */
const isBelieved = (c: SessionContext, at: number) => !c.accepted || at >= c.rejectFloorAt

/** A 401, and no permitted send can bring another bearer. */
const isRejectedForGood = (c: SessionContext, e: SessionEvent) => {
  const isStuck = !c.refreshable || isHopeless({ ...c, ...rejected(c) }, e.at)
  return isAnswer(c, e) && isStuck && (!c.accepted || c.bearer !== 'good')
}

const isEnded = (c: SessionContext, at: number) => at >= c.endsAt || c.bearer === 'none'

/** The session lives, but a limit is reached, or the bearer is gone and nothing can bring another one. */
const isOver = (c: SessionContext, at: number) =>
  c.reason === null && (isPastLimit(c, at) || isHopeless(c, at) || (isEnded(c, at) && !c.refreshable))

/** A timer may send the refresh token. The rows of a state come before those of the root, where a session ends. */
const maySendOn = (c: SessionContext, at: number) => maySend(c, at) && !isOver(c, at)

const isPastFloor = (c: SessionContext, e: SessionEvent) => e.at >= c.floorAt

/**
 * A program asks for a bearer, so no user waits for an immediate attempt. The fields of the event show this. Its type
 * does not, because a test model has other types.
 */
export const isByCaller = (e: SessionEvent): boolean => 'by' in e && e.by === 'caller'

const isEager = (c: SessionContext) => c.policy === 'eager' && !c.idle

/** All conditions of the chart. They compare facts with the instant of the event, and read no clock. */
export const guards = {
  hasFacts: ({ context }: Given) => context.user !== null,
  hasTrouble: ({ context: c }: Given) =>
    c.user !== null && (c.doubt !== null || c.attempts > 0 || c.bearer === 'none' || c.bearer === 'rejected'),
  isStartedInTrouble: ({ event }: Given) => {
    const { facts } = event as EventOf<'session.started'>
    return facts.doubt !== undefined || facts.backoff !== undefined || facts.bearer === 'none'
  },
  isOver: ({ context, event }: Given) => isOver(context, event.at),
  isWithinLimits: ({ context, event }: Given) => !isPastLimit(context, event.at),
  isUnanswered: ({ context: c, event }: Given) => isEnded(c, event.at) && c.policy === 'prompt',
  isAlive: ({ context }: Given) => context.reason === null,
  isTimerDue: ({ context: c, event }: Given) =>
    event.at >= c.refreshAt && isEager(c) && maySendOn(c, event.at),
  isInsideLead: ({ context: c, event }: Given) => event.at >= c.leadAt && !isOver(c, event.at),
  isEndedAndEager: ({ context: c, event }: Given) =>
    event.at >= c.endsAt && isEager(c) && isPastFloor(c, event) && maySendOn(c, event.at),
  isWorthAsking: ({ context: c, event }: Given) =>
    maySend(c, event.at) &&
    isPastFloor(c, event) &&
    (!isByCaller(event) || (c.policy !== 'prompt' && event.at >= c.leadAt)),
  isRejectedForGood: ({ context, event }: Given) => isRejectedForGood(context, event),
  isRejectedPastFloor: ({ context: c, event }: Given) =>
    isAnswer(c, event) &&
    isPastFloor(c, event) &&
    event.at >= c.rejectFloorAt &&
    maySend({ ...c, ...rejected(c) }, event.at),
  isRejected: ({ context: c, event }: Given) => isAnswer(c, event) && isBelieved(c, event.at),
  isRejectedForNow: ({ context: c, event }: Given) =>
    isAnswer(c, event) && isBelieved(c, event.at) && !isRejectedForGood(c, event),
  isDisputed: ({ context: c, event }: Given) => isAnswer(c, event) && !isBelieved(c, event.at),
  isAnswer: ({ context, event }: Given) => isAnswer(context, event),
  isCleared: ({ context: c, event }: Given) =>
    isAnswer(c, event) &&
    c.bearer === 'rejected' &&
    event.at < c.endsAt &&
    c.attempts + c.useless === 0 &&
    c.doubt === null,
  isBackAndEager: ({ context: c, event }: Given) =>
    !(event as EventOf<'user.changed'>).idle &&
    c.policy === 'eager' &&
    maySend(c, event.at) &&
    isPastFloor(c, event),
  isNewer: ({ context, event }: Given) => isNewer(context, event as EventOf<'session.renewed'>),
  /** A server that keeps the bearer returns the present version if nothing was due. */
  isSame: ({ context: c, event }: Given) => {
    const { facts } = event as EventOf<'session.renewed'>
    return isCurrent(c, facts) && isUseful(facts)
  },
  isNewerUnusable: ({ context: c, event }: Given) => {
    const e = event as EventOf<'session.renewed'>
    return isNewer(c, e) && isUnusable(c, e.facts)
  },
  isNewerUseless: ({ context: c, event }: Given) => {
    const e = event as EventOf<'session.renewed'>
    if (!isNewer(c, e) || !isUnusable(c, e.facts)) return false
    return isOver({ ...c, ...renewed(c, e) }, e.at)
  },
  isRejectedAlive: ({ context: c, event }: Given) =>
    c.reason === null && isCurrent(c, event as EventOf<'refresh.rejected'>),
  isOfThisFlight: ({ context, event }: Given) => isCurrent(context, event as EventOf<'refresh.refused'>),
  isUnknownForGood: ({ context: c, event }: Given) => {
    const e = event as EventOf<'refresh.unknown'>
    return isCurrent(c, e) && isHopeless(c, e.at, doubtAfter(c, e))
  },
  isUnsupportedAndSpent: ({ context: c, event }: Given) =>
    isCurrent(c, event as EventOf<'refresh.unsupported'>) && isSpent(c, event.at),
  isUnsupportedInsideLead: ({ context: c, event }: Given) =>
    isCurrent(c, event as EventOf<'refresh.unsupported'>) && event.at >= c.leadAt,
  isRetryDue: ({ context: c, event }: Given) =>
    isTimed(c) && event.at >= retryDueAt(c, c.isHurried) && maySendOn(c, event.at),
  isAskedAndDue: ({ context: c, event }: Given) =>
    event.at >= retryDueAt(c, c.isHurried || !isByCaller(event)) && maySend(c, event.at),
  isFreeToRetry: ({ context: c, event }: Given) =>
    event.at >= (c.doubt ? retryDueAt(c, true) : c.heldUntil) && maySend(c, event.at),
  isRereadDue: ({ context: c, event }: Given) => event.at >= c.rereadAt && !isOver(c, event.at),
}
