import { doubtAfter, isHopeless, isSpent, isUseless, maySend } from './session.deadlines.ts'
import { rejected } from './session.facts.ts'
import type { EventOf, Position, SessionContext, SessionEvent } from './session.types.ts'

interface Given {
  context: SessionContext
  event: SessionEvent
}

const isCurrent = (c: SessionContext, e: Position) => e.epoch === c.epoch && e.version === c.version
const isNewer = (c: SessionContext, e: EventOf<'session.renewed'>) =>
  e.facts.epoch === c.epoch && e.facts.version > c.version
/**
 * A bearer without an answer gets one more chance, one that lives too short two (three renewals in a row);
 * where nothing is left to refresh with there is none.
 */
const isUselessTooOften = (c: SessionContext, { facts, at }: EventOf<'session.renewed'>) =>
  isUseless(facts, at) && (!facts.refreshable || c.useless + 1 >= (facts.bearer === 'none' ? 2 : 3))
const isPastFloor = (c: SessionContext, e: SessionEvent) => e.at >= c.floorAt

/** Every condition of the chart. Facts are compared with the instant of the event; no clock is read. */
export const guards = {
  hasIdledTooLong: ({ context, event }: Given) => event.at >= context.idleEndsAt,
  hasLivedTooLong: ({ context, event }: Given) => event.at >= context.absoluteEndsAt,
  hasFacts: ({ context }: Given) => context.user !== null,
  isEndedForGood: ({ context: c, event }: Given) =>
    event.at >= c.endsAt && (c.policy === 'prompt' || !c.refreshable || isHopeless(c, event.at)),
  isTimerDue: ({ context: c, event }: Given) =>
    event.at >= c.refreshAt && c.policy === 'eager' && !c.idle && maySend(c, event.at),
  isInsideLead: ({ context, event }: Given) => event.at >= context.leadAt,
  isEndedAndEager: ({ context: c, event }: Given) =>
    event.at >= c.endsAt && c.policy === 'eager' && !c.idle && isPastFloor(c, event) && maySend(c, event.at),
  isWorthAsking: ({ context: c, event }: Given) =>
    maySend(c, event.at) &&
    isPastFloor(c, event) &&
    ((event as EventOf<'refresh.asked'>).by !== 'caller' || (c.policy !== 'prompt' && event.at >= c.leadAt)),
  isRejectedForGood: ({ context: c, event }: Given) =>
    isCurrent(c, event as EventOf<'bearer.rejected'>) &&
    (!c.refreshable || isHopeless({ ...c, ...rejected }, event.at)),
  isRejectedPastFloor: ({ context: c, event }: Given) =>
    isCurrent(c, event as EventOf<'bearer.rejected'>) &&
    isPastFloor(c, event) &&
    maySend({ ...c, ...rejected }, event.at),
  isRejected: ({ context, event }: Given) => isCurrent(context, event as EventOf<'bearer.rejected'>),
  isBackAndEager: ({ context: c, event }: Given) =>
    !(event as EventOf<'user.changed'>).idle &&
    c.policy === 'eager' &&
    maySend(c, event.at) &&
    isPastFloor(c, event),
  isNewer: ({ context, event }: Given) => isNewer(context, event as EventOf<'session.renewed'>),
  isNewerUseless: ({ context: c, event }: Given) =>
    isNewer(c, event as EventOf<'session.renewed'>) &&
    isUseless((event as EventOf<'session.renewed'>).facts, event.at),
  isNewerUselessTooOften: ({ context: c, event }: Given) =>
    isNewer(c, event as EventOf<'session.renewed'>) &&
    isUselessTooOften(c, event as EventOf<'session.renewed'>),
  isNewerAfterDoubt: ({ context: c, event }: Given) =>
    (c.reason === 'refreshRejected' || c.reason === 'refreshOutcomeUnknown') &&
    isNewer(c, event as EventOf<'session.renewed'>),
  isOfThisFlight: ({ context, event }: Given) => isCurrent(context, event as EventOf<'refresh.refused'>),
  isUnknownForGood: ({ context: c, event }: Given) => {
    const e = event as EventOf<'refresh.unknown'>
    return isCurrent(c, e) && isHopeless(c, e.at, doubtAfter(c, e))
  },
  isUnsupportedAndSpent: ({ context: c, event }: Given) =>
    isCurrent(c, event as EventOf<'refresh.unsupported'>) && isSpent(c, event.at),
  isUnsupportedInsideLead: ({ context: c, event }: Given) =>
    isCurrent(c, event as EventOf<'refresh.unsupported'>) && event.at >= c.leadAt,
  isHopeless: ({ context, event }: Given) => isHopeless(context, event.at),
  isRetryDue: ({ context: c, event }: Given) => event.at >= c.retryAt && maySend(c, event.at),
  isAskedAndDue: ({ context: c, event }: Given) =>
    (event as EventOf<'refresh.asked'>).by !== 'caller' && event.at >= c.retryAt && maySend(c, event.at),
  isFreeToRetry: ({ context: c, event }: Given) => event.at >= c.heldUntil && maySend(c, event.at),
  isRereadDue: ({ context, event }: Given) => event.at >= context.rereadAt,
}
