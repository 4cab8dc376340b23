import { type AnyActorRef, fromCallback } from 'xstate'
import { sessionMachine } from '../../machines/session.machine.ts'
import type { PortInput, RefreshInput, SessionInput } from '../../machines/session.types.ts'
import { Misconfigured } from './errors.ts'
import { createHandle } from './handle.ts'
import { readOptions, type SessionOptions } from './options.ts'
import type { Session, SessionActorRef } from './session.ts'

const handles = new WeakMap<AnyActorRef, ReturnType<typeof createHandle>>()

/**
 * The session machine with its ports provided, for a parent machine that invokes or spawns it. It needs no input.
 * `sessionOf(ref)` gives the session of a running actor. Throws `Misconfigured` for options that cannot work.
 */
export function createSessionLogic(options: SessionOptions): typeof sessionMachine {
  const settings = readOptions(options)
  const machine = sessionMachine.provide({
    actors: {
      alarm: fromCallback<{ type: string }, PortInput>(({ input }) => {
        const handle = createHandle(input.session as SessionActorRef, settings)
        handles.set(input.session, handle)
        handle.start()
        return handle.stop
      }),
      refresh: fromCallback<{ type: string }, RefreshInput>(({ input }) => {
        handles.get(input.session)?.refresh({ epoch: input.epoch, version: input.version })
      }),
    },
    actions: { reread: ({ self }) => handles.get(self)?.reread() },
  })
  const initial = machine.getInitialSnapshot.bind(machine)
  // A snapshot holds no token: a restored actor starts anew.
  machine.restoreSnapshot = (_, scope) => machine.getInitialSnapshot(scope, undefined)
  machine.getInitialSnapshot = (scope) => {
    const input: SessionInput = {
      at: settings.clock.wall(),
      policy: settings.refresh,
      idleTimeoutMs: settings.idleTimeoutMs,
      absoluteLifetimeMs: settings.absoluteLifetimeMs,
      shared: settings.store !== undefined,
      ...(settings.store ? {} : { facts: null }),
    }
    return initial(scope, input)
  }
  return machine
}

/** The session behind a running actor of `createSessionLogic`. Throws `Misconfigured` for any other actor. */
export const sessionOf = (ref: AnyActorRef): Session => handleOf(ref).session

/** The same, with what a server needs besides. */
export function handleOf(ref: AnyActorRef) {
  const handle = handles.get(ref)
  if (!handle) throw new Misconfigured('This actor is not one of createSessionLogic, or it never ran.')
  return handle
}
