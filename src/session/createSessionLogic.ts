import type { AnyActorRef } from 'xstate'
import type { SessionUser, UserIdentity } from '../../machines/session.types.ts'
import { logicPorts } from './logicPorts.ts'
import { inputOf, readOptions, type SessionOptions } from './options.ts'
import { runtimeOf } from './ports.ts'
import type { Session } from './session.ts'
import { type SessionLogic, sessionLogic } from './sessionLogic.ts'

/**
 * The session machine with its ports provided, for a parent machine that invokes or spawns it. It needs no input.
 * `sessionOf(ref)` gives the session of a running actor. Throws `Misconfigured` for options that cannot work.
 *
 * @example
 * const logic = createSessionLogic({ baseUrl: 'https://chat.example.com', strategies: { openid: openidStrategy() } })
 * const app = setup({ actors: { session: logic } }).createMachine({ invoke: { id: 'session', src: 'session' } })
 */
export function createSessionLogic<User extends UserIdentity = SessionUser>(
  options: SessionOptions<User>,
): SessionLogic {
  const settings = readOptions(options, 'createSessionLogic')
  return sessionLogic(
    (input) => inputOf(input ? readOptions({ ...options, ...input }) : settings),
    logicPorts(settings),
  )
}

/**
 * The session behind a running actor of `createSessionLogic`. Throws `Misconfigured` for any other actor.
 * `User`: what the schema of its option `user` gives.
 *
 * @example
 * const { session } = app.getSnapshot().children
 * if (session) await sessionOf(session).fetch('/api/admin/users')
 */
export const sessionOf = <User extends UserIdentity = SessionUser>(ref: AnyActorRef): Session<User> =>
  runtimeOf(ref).session as Session<User>
