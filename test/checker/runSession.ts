import { createActor } from 'xstate'
import { readOptions, type SessionOptions, type Settings } from '../../src/session/options.ts'
import type { Session } from '../../src/session/session.ts'
import { handleOf, sessionLogic } from '../../src/session/sessionLogic.ts'

let settings: Settings
/** One for all, as on a server: providing the ports costs more than all that a session then does. */
const logic = sessionLogic(() => settings)

/** What `createSession` does. */
export function runSession(options: SessionOptions): Session {
  settings = readOptions(options)
  return handleOf(createActor(logic).start()).session
}
