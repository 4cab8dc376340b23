import {
  type AnyActorRef,
  type CallbackActorLogic,
  type CallbackLogicFunction,
  type CallbackSnapshot,
  type EventObject,
  fromCallback,
} from 'xstate'
import type { SessionEvent } from '../../machines/session.events.ts'
import { NEVER } from '../../machines/session.instants.ts'
import type { PortInput } from '../../machines/session.ports.ts'
import type { Alarm } from './alarm.ts'
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

/** The port that reminds the chart to look at the time. `alarmOf` returns the alarm of an actor. */
export const alarmPortOf = (alarmOf: (ref: AnyActorRef) => Alarm) =>
  port<PortInput>(({ input, sendBack }) => {
    if (!input) return undefined
    const session = input.session as SessionActorRef
    const alarm = alarmOf(session)
    alarm.remind = sendBack
    // From here on the runtime, which observes the chart, tells of its snapshots.
    alarm.follow(session.getSnapshot())
    return () => {
      alarm.remind = undefined
      alarm.set('deadline', NEVER)
    }
  })

/** Sends with `sendBack` while the actor lives. Later, `send` sends the event, like the renewal of a peer. */
export const whileLiving =
  (actor: AnyActorRef, sendBack: Send, send: Send): Send =>
  (event) =>
    (actor.getSnapshot().status === 'active' ? sendBack : send)(event)
