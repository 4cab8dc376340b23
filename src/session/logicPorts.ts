import type { PortInput } from '../../machines/session.ports.ts'
import { inputOf, type Settings } from './options.ts'
import { port } from './port.ts'
import { bind, knownRuntime, ports } from './ports.ts'
import type { SessionActorRef } from './session.ts'

/** The actors of a chart that somebody else starts: an actor without a runtime gets one with `settings`. */
export const logicPorts = (settings: Settings) => ({
  ...ports,
  actors: {
    ...ports.actors,
    runtime: port<PortInput>(({ input, sendBack }) => {
      const { session } = input ?? {}
      // A restored snapshot does not hold the tokens of its session.
      if (!session)
        return sendBack({ type: 'session.restored', at: settings.clock.wall(), input: inputOf(settings) })
      const runtime = knownRuntime(session) ?? bind(session as SessionActorRef, settings)
      return runtime.attach(sendBack)
    }),
  },
})
