import { createMachine, type StateMachine } from 'xstate'
import type { SessionInput } from '../../machines/session.context.ts'
import { initial } from '../../machines/session.facts.ts'
import { sessionMachine } from '../../machines/session.machine.ts'
import type { RefreshPolicy } from '../../machines/session.types.ts'
import { Misconfigured } from '../base/errors.ts'

/** The input of one actor of a session's logic, where it differs from the options. */
export interface SessionLogicInput
  extends Pick<SessionInput, 'policy' | 'idleTimeoutMs' | 'absoluteLifetimeMs'> {}

/** The session machine with its ports provided, for a parent machine that invokes or spawns it. */
export type SessionLogic =
  typeof sessionMachine extends StateMachine<
    infer Context,
    infer Event,
    infer Children,
    infer Actor,
    infer Action,
    infer Guard,
    infer Delay,
    infer StateValue,
    infer Tag,
    infer _Input,
    infer Output,
    infer Emitted,
    infer Meta,
    infer Config
  >
    ? StateMachine<
        Context,
        Event,
        Children,
        Actor,
        Action,
        Guard,
        Delay,
        StateValue,
        Tag,
        SessionLogicInput | undefined,
        Output,
        Emitted,
        Meta,
        Config
      >
    : never

/** The options after the input of an actor. */
export interface InputOptions {
  readonly refresh?: RefreshPolicy
  readonly idleTimeoutMs?: number
  readonly absoluteLifetimeMs?: number
}

/** The logic with `ports`. `inputOf` returns the input of the chart; its argument is the input of the actor. */
export function sessionLogic(inputOf: (options?: InputOptions) => SessionInput, ports: object): SessionLogic {
  const context = ({ input }: { input?: SessionLogicInput }) => initial(inputOf(input && readInput(input)))
  const machine = createMachine(
    { ...sessionMachine.config, context } as never,
    sessionMachine.implementations as never,
  )
  return machine.provide(ports as never) as never
}

function readInput({
  policy,
  idleTimeoutMs,
  absoluteLifetimeMs,
  ...others
}: SessionLogicInput): InputOptions {
  const [stranger] = Object.keys(others)
  if (stranger)
    throw new Misconfigured(
      `The input of a session's logic has no option "${stranger}". It may have "policy", "idleTimeoutMs" and "absoluteLifetimeMs".`,
    )
  return {
    ...(policy !== undefined && { refresh: policy }),
    ...(idleTimeoutMs !== undefined && { idleTimeoutMs }),
    ...(absoluteLifetimeMs !== undefined && { absoluteLifetimeMs }),
  }
}
