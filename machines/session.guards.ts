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

/** A condition of the chart. `E`: the event of its rows. */
const when =
  <E extends SessionEvent>(test: (context: SessionContext, event: E) => boolean) =>
  ({ context, event }: Given) =>
    test(context, event as E)

type Renewed = EventOf<'session.renewed'>

/** All conditions of the chart. They compare facts with the instant of the event, and read no clock. */
export const guards = {
  hasFacts: when((c) => c.user !== null),
  hasTrouble: when(
    (c) =>
      c.user !== null &&
      (c.doubt !== null || c.attempts > 0 || c.bearer === 'none' || c.bearer === 'rejected'),
  ),
  isStartedInTrouble: when(
    (_, { facts }: EventOf<'session.started'>) =>
      facts.doubt !== undefined || facts.backoff !== undefined || facts.bearer === 'none',
  ),
  isOver: when((c, { at }) => isOver(c, at)),
  isWithinLimits: when((c, { at }) => !isPastLimit(c, at)),
  isUnanswered: when((c, { at }) => isEnded(c, at) && c.policy === 'prompt'),
  isAlive: when((c) => c.reason === null),
  isTimerDue: when((c, { at }) => at >= c.refreshAt && isEager(c) && maySendOn(c, at)),
  isInsideLead: when((c, { at }) => at >= c.leadAt && !isOver(c, at)),
  isEndedAndEager: when((c, e) => e.at >= c.endsAt && isEager(c) && isPastFloor(c, e) && maySendOn(c, e.at)),
  isWorthAsking: when(
    (c, e) =>
      maySend(c, e.at) &&
      isPastFloor(c, e) &&
      (!isByCaller(e) || (c.policy !== 'prompt' && e.at >= c.leadAt)),
  ),
  isRejectedForGood: when(isRejectedForGood),
  isRejectedPastFloor: when(
    (c, e) =>
      isAnswer(c, e) &&
      isPastFloor(c, e) &&
      e.at >= c.rejectFloorAt &&
      maySend({ ...c, ...rejected(c) }, e.at),
  ),
  isRejected: when((c, e) => isAnswer(c, e) && isBelieved(c, e.at)),
  isRejectedForNow: when((c, e) => isAnswer(c, e) && isBelieved(c, e.at) && !isRejectedForGood(c, e)),
  isDisputed: when((c, e) => isAnswer(c, e) && !isBelieved(c, e.at)),
  isAnswer: when(isAnswer),
  isCleared: when(
    (c, e) =>
      isAnswer(c, e) &&
      c.bearer === 'rejected' &&
      e.at < c.endsAt &&
      c.attempts + c.useless === 0 &&
      c.doubt === null,
  ),
  isBackAndEager: when(
    (c, e: EventOf<'user.changed'>) =>
      !e.idle && c.policy === 'eager' && maySend(c, e.at) && isPastFloor(c, e),
  ),
  isNewer: when(isNewer),
  isSame: when((c, { facts }: Renewed) => isCurrent(c, facts) && isUseful(facts)),
  isNewerUnusable: when((c, e: Renewed) => isNewer(c, e) && isUnusable(c, e.facts)),
  isNewerUseless: when(
    (c, e: Renewed) => isNewer(c, e) && isUnusable(c, e.facts) && isOver({ ...c, ...renewed(c, e) }, e.at),
  ),
  isRejectedAlive: when((c, e: EventOf<'refresh.rejected'>) => c.reason === null && isCurrent(c, e)),
  isOfThisFlight: when((c, e: EventOf<'refresh.refused'>) => isCurrent(c, e)),
  isUnknownForGood: when(
    (c, e: EventOf<'refresh.unknown'>) => isCurrent(c, e) && isHopeless(c, e.at, doubtAfter(c, e)),
  ),
  isUnsupportedAndSpent: when((c, e: EventOf<'refresh.unsupported'>) => isCurrent(c, e) && isSpent(c, e.at)),
  isUnsupportedInsideLead: when(
    (c, e: EventOf<'refresh.unsupported'>) => isCurrent(c, e) && e.at >= c.leadAt,
  ),
  isRetryDue: when((c, { at }) => isTimed(c) && at >= retryDueAt(c, c.isHurried) && maySendOn(c, at)),
  isAskedAndDue: when((c, e) => e.at >= retryDueAt(c, c.isHurried || !isByCaller(e)) && maySend(c, e.at)),
  isFreeToRetry: when((c, { at }) => at >= (c.doubt ? retryDueAt(c, true) : c.heldUntil) && maySend(c, at)),
  isRereadDue: when((c, { at }) => at >= c.rereadAt && !isOver(c, at)),
}
