import { assign, enqueueActions } from 'xstate'
import type { SessionContext } from './session.context.ts'
import { afterRefused, afterUnknown, rereadAfter } from './session.deadlines.ts'
import type { EventOf, SessionEvent, TransitionNews, TransitionNotice } from './session.events.ts'
import {
  accepted,
  begun,
  confirmed,
  disputed,
  ended,
  noted,
  passed,
  reasonOfEnd,
  rejected,
  renewed,
  restored,
} from './session.facts.ts'
import { isByCaller } from './session.guards.ts'
import { rereadPort } from './session.ports.ts'
import type { ExpiredReason, LoggedOutReason } from './session.types.ts'

/** An action that changes the context. `E`: the event of its rows. */
const note = <E extends SessionEvent, Params = undefined>(
  change: (context: SessionContext, event: E, params: Params) => Partial<SessionContext>,
) =>
  assign<SessionContext, SessionEvent, Params, SessionEvent, never>(({ context, event }, params) =>
    change(context, event as E, params),
  )

/** The same, and it emits the result of `tell` for the context before and after, if there is one. */
const noteAndTell = <E extends SessionEvent, Params = undefined>(
  change: (context: SessionContext, event: E, params: Params) => Partial<SessionContext>,
  tell: (before: SessionContext, after: SessionContext) => TransitionNews | false,
) =>
  enqueueActions<
    SessionContext,
    SessionEvent,
    Params,
    SessionEvent,
    never,
    never,
    never,
    never,
    TransitionNotice
  >(({ context, event, enqueue }, params) => {
    const after = { ...context, ...change(context, event as E, params) }
    const { epoch, version } = after
    const news = tell(context, after)
    enqueue.assign(after)
    if (news) enqueue.emit({ epoch, version, ...news })
  })

const isRefreshed = (before: SessionContext, { epoch, version }: SessionContext) =>
  epoch === before.epoch && version > before.version && ({ type: 'refreshed' } as const)

/** The end of a session that does not exist is not reported. */
const isLoggedOut = ({ user }: SessionContext, { reason }: SessionContext) =>
  user !== null && ({ type: 'loggedOut', reason: reason as LoggedOutReason } as const)

/** Every action of the chart. */
export const actions = {
  begin: noteAndTell((c, { facts, at }: EventOf<'session.started'>) => begun(c, facts, at), isRefreshed),
  renew: noteAndTell(renewed, isRefreshed),
  confirm: note((_, e: EventOf<'session.renewed'>) => confirmed(e)),
  end: noteAndTell(ended, isLoggedOut),
  startOver: noteAndTell(restored, isLoggedOut),
  expire: noteAndTell(
    (c, { at }, params: { reason: ExpiredReason } | undefined) => ({
      bearer: 'none',
      reason: params?.reason ?? reasonOfEnd(c, at),
    }),
    (_, { reason }) => ({ type: 'expired', reason: reason as ExpiredReason }),
  ),
  warn: noteAndTell(
    () => ({}),
    () => ({ type: 'nearingExpiry' }),
  ),
  markTime: note((c, { at }) => passed(c, at)),
  markRejected: note(rejected),
  markDisputed: note((c) => ({
    ...disputed(c),
    // As soon as a 401 counts, a refresh shows whether a renewal helps.
    refreshAt: Math.min(c.refreshAt, c.rejectFloorAt),
  })),
  markAccepted: note((c, { at }) => accepted(c, at)),
  waitForFloor: note((c, { at }) => ({
    heldUntil: c.floorAt,
    retryAt: Math.max(c.floorAt, c.rejectFloorAt),
    rereadAt: rereadAfter(c, at),
  })),
  hurry: note((_, event) => (isByCaller(event) ? {} : { isHurried: true })),
  noteUser: note((c, { idle, at }: EventOf<'user.changed'>) => noted(c, idle, at)),
  noteAsked: note((c, { by, at }: EventOf<'refresh.asked'>) =>
    c.reason === null && by === 'user' ? noted(c, false, at) : {},
  ),
  noteRefused: note(afterRefused),
  noteUnknown: note(afterUnknown),
  noteUnsupported: note((_, { forGood }: EventOf<'refresh.unsupported'>) => ({
    lastChance: true,
    ...(forGood && { refreshable: false }),
  })),
  noteReread: note((c, { at }) => ({ attempts: c.attempts + 1, rereadAt: rereadAfter(c, at) })),
  reread: rereadPort,
}
