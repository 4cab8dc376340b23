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
 * A port that keeps nothing in a persisted snapshot, because the snapshot may be restored when its session has ended. A
 * restored port starts without input.
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

/** Sends an event to the chart from an actor. */
export type Send = (event: SessionEvent) => void

/**
 * The port that reminds the chart to look at the time. `deadlineOf` returns the function that sets an actor's deadline.
 */
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

/** Sends with `sendBack` while the actor lives. Later, `send` sends the event, like the renewal of a peer. */
export const whileLiving =
  (actor: AnyActorRef, sendBack: Send, send: Send): Send =>
  (event) =>
    (actor.getSnapshot().status === 'active' ? sendBack : send)(event)
