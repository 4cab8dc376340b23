import type { AnyActorRef } from 'xstate'
import { isDevelopment } from '#development'
import type { PortInput, RefreshInput } from '../../machines/session.ports.ts'
import { Misconfigured } from '../base/errors.ts'
import { alarmPortOf, port, whileLiving } from '../session/port.ts'
import type { SessionActorRef } from '../session/session.ts'
import { type BffSettings, inputOf } from './options.ts'
import { type BffRuntime, createBffRuntime } from './runtime.ts'

/** The runtime of an actor. It lives as long as the actor, which may be stopped and started again. */
const runtimes = new WeakMap<AnyActorRef, BffRuntime>()

/** The actors of the chart of a page behind its server. Nothing is shared, so the chart reads nothing again. */
export const portsOf = (settings: BffSettings) => ({
  actors: {
    runtime: port<PortInput>(({ input, sendBack }) => {
      // A restored snapshot only says who was logged in before.
      if (!input)
        return sendBack({ type: 'session.restored', at: settings.clock.wall(), input: inputOf(settings) })
      const ref = input.session as SessionActorRef
      const runtime = runtimes.get(ref) ?? createBffRuntime(ref, settings)
      runtimes.set(ref, runtime)
      return runtime.attach(sendBack)
    }),
    alarm: alarmPortOf((ref) => runtimeOf(ref).alarm),
    refresh: port<RefreshInput>(({ input, self, sendBack }) => {
      if (!input) return
      const runtime = runtimeOf(input.session)
      runtime.refresh(input, whileLiving(self, sendBack, runtime.send))
    }),
  },
})

/** The runtime of an actor of this package. Throws `Misconfigured` for any other actor. */
export function runtimeOf(ref: AnyActorRef): BffRuntime {
  const runtime = runtimes.get(ref)
  if (!runtime)
    throw new Misconfigured(
      isDevelopment
        ? 'This actor is not one of createBffSessionLogic, or it never ran.'
        : 'This actor has no session.',
    )
  return runtime
}
