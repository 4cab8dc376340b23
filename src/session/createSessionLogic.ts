import type { AnyActorRef } from 'xstate'
import type { sessionMachine } from '../../machines/session.machine.ts'
import { readOptions, type SessionOptions } from './options.ts'
import type { Session } from './session.ts'
import { handleOf, sessionLogic } from './sessionLogic.ts'

/**
 * The session machine with its ports provided, for a parent machine that invokes or spawns it. It needs no input.
 * `sessionOf(ref)` gives the session of a running actor. Throws `Misconfigured` for options that cannot work.
 */
export function createSessionLogic(options: SessionOptions): typeof sessionMachine {
  const settings = readOptions(options)
  return sessionLogic(() => settings)
}

/** The session behind a running actor of `createSessionLogic`. Throws `Misconfigured` for any other actor. */
export const sessionOf = (ref: AnyActorRef): Session => handleOf(ref).session
