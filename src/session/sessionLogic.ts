import { type AnyActorRef, fromCallback } from 'xstate'
import { sessionMachine } from '../../machines/session.machine.ts'
import type { PortInput, RefreshInput, SessionInput } from '../../machines/session.types.ts'
import { Misconfigured } from './errors.ts'
import { createHandle } from './handle.ts'
import type { Settings } from './options.ts'
import type { SessionActorRef } from './session.ts'

const handles = new WeakMap<AnyActorRef, ReturnType<typeof createHandle>>()

/**
 * The session machine with its ports provided. `settingsNow` is asked when an actor is created, and again when it is
 * started: providing costs more than an actor, so one logic may serve many sessions.
 */
export function sessionLogic(settingsNow: () => Settings): typeof sessionMachine {
  const machine = sessionMachine.provide({
    actors: {
      alarm: fromCallback<{ type: string }, PortInput>(({ input }) => {
        const handle = createHandle(input.session as SessionActorRef, settingsNow())
        handles.set(input.session, handle)
        handle.start()
        return handle.stop
      }),
      refresh: fromCallback<{ type: string }, RefreshInput>(({ input }) => {
        handleOf(input.session).refresh({ epoch: input.epoch, version: input.version })
      }),
    },
    actions: { reread: ({ self }) => handleOf(self).reread() },
  })
  const initial = machine.getInitialSnapshot.bind(machine)
  // A snapshot holds no token: a restored actor starts anew.
  machine.restoreSnapshot = (_, scope) => machine.getInitialSnapshot(scope, undefined)
  machine.getInitialSnapshot = (scope) => {
    const settings = settingsNow()
    const input: SessionInput = {
      at: settings.clock.wall(),
      policy: settings.refresh,
      idleTimeoutMs: settings.idleTimeoutMs,
      absoluteLifetimeMs: settings.absoluteLifetimeMs,
      shared: settings.store !== undefined,
      ...(settings.store || settings.keeper ? {} : { facts: null }),
    }
    return initial(scope, input)
  }
  return machine
}

/** What runs a session, of an actor of this logic. Throws `Misconfigured` for any other actor. */
export function handleOf(ref: AnyActorRef) {
  const handle = handles.get(ref)
  if (!handle) throw new Misconfigured('This actor is not one of createSessionLogic, or it never ran.')
  return handle
}
