import { createActor } from 'xstate'
import { createSessionLogic, sessionOf } from './createSessionLogic.ts'
import type { SessionOptions } from './options.ts'
import type { Session } from './session.ts'

/** A running session, logged out until `login`. Throws `Misconfigured` for options that cannot work. */
export function createSession(options: SessionOptions): Session {
  return sessionOf(createActor(createSessionLogic(options)).start())
}
