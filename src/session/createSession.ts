import { readOptions, type SessionOptions } from './options.ts'
import { startSession } from './ports.ts'
import type { Session } from './session.ts'

/** A running session, logged out until `login`. Throws `Misconfigured` for options that cannot work. */
export const createSession = (options: SessionOptions): Session => startSession(readOptions(options)).session
