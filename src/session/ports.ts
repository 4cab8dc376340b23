import { type AnyActorRef, createActor } from 'xstate'
import { isDevelopment } from '#development'
import { sessionMachine } from '../../machines/session.machine.ts'
import type { PortInput, RefreshInput } from '../../machines/session.ports.ts'
import { Misconfigured } from '../base/errors.ts'
import { inputOf, type Settings } from './options.ts'
import { alarmPortOf, port, whileLiving } from './port.ts'
import type { Resumed } from './renewAtRest.ts'
import { Runtime } from './runtime.ts'
import type { SessionActorRef } from './session.ts'

/**
 * The runtime of an actor, which holds its tokens. It lives as long as the actor, which may be stopped and started
 * again.
 */
const runtimes = new WeakMap<AnyActorRef, Runtime>()
/** The `refresh` actors whose flight has begun. An actor that is started again joins its flight. */
const begun = new WeakSet<AnyActorRef>()

/** The actors of a chart, for actors that have a runtime. */
export const ports = {
  actors: {
    runtime: port<PortInput>(({ input, sendBack }) => runtimeOf(input?.session).attach(sendBack)),
    alarm: alarmPortOf((ref) => runtimeOf(ref).alarm),
    refresh: port<RefreshInput>(({ input, self, sendBack }) => {
      if (!input || begun.has(self)) return
      begun.add(self)
      const runtime = runtimeOf(input.session)
      runtime.refresh(
        input,
        whileLiving(self, sendBack, (event) => runtime.send(event)),
      )
    }),
  },
  actions: { reread: ({ self }: { self: AnyActorRef }) => runtimeOf(self).reread() },
}

const machine = sessionMachine.provide(ports)

/**
 * A running session. All sessions share one machine, because providing the ports costs more than an actor. `resumed`:
 * the session starts in `refreshing`, and continues that attempt.
 */
export function startSession(settings: Settings, resumed?: Resumed): Runtime {
  const { facts, at } = resumed ?? {}
  const input = { ...inputOf(settings), ...(facts && { facts }), ...(at && { at }) }
  const actorRef = createActor(machine, { input })
  const runtime = bind(actorRef, settings, resumed)
  actorRef.start()
  return runtime
}

/** Gives an actor its runtime. */
export function bind(actorRef: SessionActorRef, settings: Settings, resumed?: Resumed): Runtime {
  const runtime = new Runtime(actorRef, settings, resumed)
  runtimes.set(actorRef, runtime)
  return runtime
}

/** The runtime of an actor; `undefined`: it has none yet. */
export const knownRuntime = (ref: AnyActorRef | undefined): Runtime | undefined => ref && runtimes.get(ref)

/** The runtime of an actor of this package. Throws `Misconfigured` for any other actor. */
export function runtimeOf(ref: AnyActorRef | undefined): Runtime {
  const runtime = knownRuntime(ref)
  if (!runtime)
    throw new Misconfigured(
      isDevelopment
        ? 'This actor is not one of createSessionLogic, or it never ran.'
        : 'This actor has no session.',
    )
  return runtime
}
