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
import { rejected, renewed } from './session.facts.ts'
import type { EventOf, Position, SessionContext, SessionEvent } from './session.types.ts'

interface Given {
  context: SessionContext
  event: SessionEvent
}

const isCurrent = (c: SessionContext, e: Position) => e.epoch === c.epoch && e.version === c.version

/** Newer than what is known, in a session that lives, or that ended while a peer might still have renewed it. */
const isNewer = (c: SessionContext, { facts }: EventOf<'session.renewed'>) =>
  facts.epoch === c.epoch &&
  facts.version > c.version &&
  (c.reason === null || c.reason === 'refreshRejected' || c.reason === 'refreshOutcomeUnknown')

/** An answer to a call with the bearer at hand, which renewals without a bearer leave as it is. */
const isAnswer = (c: SessionContext, event: SessionEvent) => {
  const e = event as EventOf<'bearer.rejected' | 'bearer.accepted'>
  return c.reason === null && e.epoch === c.epoch && e.version >= c.bearerVersion && e.version <= c.version
}

/** Where another call was served, a 401 right after a renewal is the word of one route. */
const isBelieved = (c: SessionContext, at: number) => !c.accepted || at >= c.rejectFloorAt

const isEnded = (c: SessionContext, at: number) => at >= c.endsAt || c.bearer === 'none'

/** A limit is reached, or the bearer is gone and nothing can bring another. */
const isOver = (c: SessionContext, at: number) =>
  isPastLimit(c, at) || isHopeless(c, at) || (isEnded(c, at) && !c.refreshable)

const isPastFloor = (c: SessionContext, e: SessionEvent) => e.at >= c.floorAt

/**
 * A program wants a bearer: nobody waits who would be glad of an attempt at once. Told by the fields of the event, not by
 * its type, which is another one in a test model.
 */
export const isByCaller = (e: SessionEvent): boolean => 'by' in e && e.by === 'caller'

const isEager = (c: SessionContext) => c.policy === 'eager' && !c.idle

/** Every condition of the chart. Facts are compared with the instant of the event; no clock is read. */
export const guards = {
  hasFacts: ({ context }: Given) => context.user !== null,
  hasTrouble: ({ context: c }: Given) => c.user !== null && (c.doubt !== null || c.bearer === 'none'),
  isStartedInTrouble: ({ event }: Given) => {
    const { facts } = event as EventOf<'session.started'>
    return facts.doubt !== undefined || facts.bearer === 'none'
  },
  isPastLimit: ({ context, event }: Given) => isPastLimit(context, event.at),
  isOver: ({ context, event }: Given) => isOver(context, event.at),
  isLapsed: ({ context: c, event }: Given) =>
    isOver(c, event.at) || (isEnded(c, event.at) && c.policy === 'prompt'),
  isAlive: ({ context }: Given) => context.reason === null,
  isTimerDue: ({ context: c, event }: Given) => event.at >= c.refreshAt && isEager(c) && maySend(c, event.at),
  isInsideLead: ({ context, event }: Given) => event.at >= context.leadAt,
  isEndedAndEager: ({ context: c, event }: Given) =>
    event.at >= c.endsAt && isEager(c) && isPastFloor(c, event) && maySend(c, event.at),
  isWorthAsking: ({ context: c, event }: Given) =>
    maySend(c, event.at) &&
    isPastFloor(c, event) &&
    (!isByCaller(event) || (c.policy !== 'prompt' && event.at >= c.leadAt)),
  isRejectedForGood: ({ context: c, event }: Given) => {
    const spent = { ...c, ...rejected(c) }
    const isStuck = !c.refreshable || isHopeless(spent, event.at)
    return isAnswer(c, event) && isStuck && (!c.accepted || c.bearer !== 'good')
  },
  isRejectedPastFloor: ({ context: c, event }: Given) =>
    isAnswer(c, event) &&
    isPastFloor(c, event) &&
    event.at >= c.rejectFloorAt &&
    maySend({ ...c, ...rejected(c) }, event.at),
  isRejected: ({ context: c, event }: Given) => isAnswer(c, event) && isBelieved(c, event.at),
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
  /** A server that keeps the bearer answers the version at hand where nothing was due. */
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
    isTimed(c) && event.at >= retryDueAt(c, c.isHurried) && maySend(c, event.at),
  isAskedAndDue: ({ context: c, event }: Given) =>
    event.at >= retryDueAt(c, c.isHurried || !isByCaller(event)) && maySend(c, event.at),
  isFreeToRetry: ({ context: c, event }: Given) =>
    event.at >= (c.doubt ? retryDueAt(c, true) : c.heldUntil) && maySend(c, event.at),
  isRereadDue: ({ context, event }: Given) => event.at >= context.rereadAt,
}
