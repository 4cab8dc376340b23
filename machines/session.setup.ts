import { StateMachine, type setup as xstateSetup } from 'xstate'

/**
 * XState's `setup`, with its types and without its helpers: they would bring every action of XState to a page, which is
 * 0.2 kB.
 */
export const setup = ((parts: object) => ({
  createMachine: (config: object) => new StateMachine(config as never, parts as never),
})) as unknown as typeof xstateSetup
