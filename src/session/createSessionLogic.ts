import { type AnyActorRef, createMachine, type StateMachine } from 'xstate'
import { initial } from '../../machines/session.facts.ts'
import { sessionMachine } from '../../machines/session.machine.ts'
import type { SessionInput } from '../../machines/session.types.ts'
import { Misconfigured } from './errors.ts'
import { inputOf, readOptions, type SessionOptions } from './options.ts'
import { portsOf, runtimeOf } from './ports.ts'
import type { Session } from './session.ts'

/** What one actor of a session's logic is started with, where it is to be another than the options say. */
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

/**
 * The session machine with its ports provided, for a parent machine that invokes or spawns it. It needs no input.
 * `sessionOf(ref)` gives the session of a running actor. Throws `Misconfigured` for options that cannot work.
 */
export function createSessionLogic(options: SessionOptions): SessionLogic {
  const settings = readOptions(options)
  const context = ({ input }: { input?: SessionLogicInput }) =>
    initial(inputOf(input ? readOptions({ ...options, ...readInput(input) }) : settings))
  const machine = createMachine(
    { ...sessionMachine.config, context } as never,
    sessionMachine.implementations as never,
  )
  return machine.provide(portsOf(settings) as never) as never
}

function readInput({
  policy,
  idleTimeoutMs,
  absoluteLifetimeMs,
  ...others
}: SessionLogicInput): Partial<SessionOptions> {
  const [stranger] = Object.keys(others)
  if (stranger)
    throw new Misconfigured(
      `The input of a session's logic has no "${stranger}": only "policy", "idleTimeoutMs" and "absoluteLifetimeMs".`,
    )
  return {
    ...(policy !== undefined && { refresh: policy }),
    ...(idleTimeoutMs !== undefined && { idleTimeoutMs }),
    ...(absoluteLifetimeMs !== undefined && { absoluteLifetimeMs }),
  }
}

/** The session behind a running actor of `createSessionLogic`. Throws `Misconfigured` for any other actor. */
export const sessionOf = (ref: AnyActorRef): Session => runtimeOf(ref).session
