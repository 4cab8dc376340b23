import {
  type AnyActorRef,
  type CallbackActorLogic,
  type CallbackLogicFunction,
  type CallbackSnapshot,
  type EventObject,
  fromCallback,
} from 'xstate'
import { nextDeadline } from '../../machines/session.deadlines.ts'
import type { SessionEvent } from '../../machines/session.events.ts'
import { NEVER } from '../../machines/session.instants.ts'
import type { PortInput } from '../../machines/session.ports.ts'
import type { AlarmHand } from './alarm.ts'
import type { SessionActorRef } from './session.ts'

/**
 * A port that keeps nothing in a persisted snapshot: the session that it was started with is another one by the time
 * the snapshot is restored. Restored, it is started without input.
 */
export function port<Input extends PortInput>(
  run: CallbackLogicFunction<EventObject, SessionEvent, Input | undefined>,
): CallbackActorLogic<EventObject, Input> {
  const logic = fromCallback(run)
  return {
    ...logic,
    getPersistedSnapshot: ({ input: _, ...snapshot }: CallbackSnapshot<unknown>) => snapshot,
  } as never
}

/** How the chart hears of an event, from an actor of its own. */
export type Send = (event: SessionEvent) => void

/** The port that looks at the time when the chart is to: `deadlineOf` answers what an actor's deadline is set with. */
export const alarmPortOf = (deadlineOf: (ref: AnyActorRef) => AlarmHand) =>
  port<PortInput>(({ input, sendBack }) => {
    if (!input) return undefined
    const session = input.session as SessionActorRef
    const deadline = deadlineOf(session)
    deadline.ring = (at) => sendBack({ type: 'time.checked', at })
    const set = () => {
      const { value, context, status } = session.getSnapshot()
      deadline.set(status === 'active' ? nextDeadline(value, context) : NEVER)
    }
    const { unsubscribe } = session.subscribe({ next: set, error: set })
    set()
    return () => {
      unsubscribe()
      deadline.set(NEVER)
    }
  })

/** Answers with `sendBack` while the actor lives. What comes later, `send` tells the chart, like the renewal of a peer. */
export const whileLiving =
  (actor: AnyActorRef, sendBack: Send, send: Send): Send =>
  (event) =>
    (actor.getSnapshot().status === 'active' ? sendBack : send)(event)
