import { type AnyActorRef, fromCallback } from 'xstate'
import { sessionMachine } from '../../machines/session.machine.ts'
import type { PortInput, RefreshInput, SessionInput } from '../../machines/session.types.ts'
import { Misconfigured } from './errors.ts'
import type { Settings } from './options.ts'
import { createRuntime } from './runtime.ts'
import type { SessionActorRef } from './session.ts'

const runtimes = new WeakMap<AnyActorRef, ReturnType<typeof createRuntime>>()

/**
 * The session machine with its ports provided. `settingsNow` is asked when an actor is created, and again when it is
 * started: providing costs more than an actor, so one logic may serve many sessions.
 */
export function sessionLogic(settingsNow: () => Settings): typeof sessionMachine {
  const machine = sessionMachine.provide({
    actors: {
      alarm: fromCallback<{ type: string }, PortInput>(({ input }) => {
        const runtime = createRuntime(input.session as SessionActorRef, settingsNow())
        runtimes.set(input.session, runtime)
        runtime.start()
        return runtime.stop
      }),
      refresh: fromCallback<{ type: string }, RefreshInput>(({ input }) => {
        runtimeOf(input.session).refresh(input)
      }),
    },
    actions: { reread: ({ self }) => runtimeOf(self).reread() },
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
export function runtimeOf(ref: AnyActorRef) {
  const runtime = runtimes.get(ref)
  if (!runtime) throw new Misconfigured('This actor is not one of createSessionLogic, or it never ran.')
  return runtime
}
