import type { AnyActorRef } from 'xstate'
import type { SessionUser, UserIdentity } from '../../machines/session.types.ts'
import { type SessionLogic, sessionLogic } from '../session/sessionLogic.ts'
import { type BffSessionOptions, inputOf, readBffOptions } from './options.ts'
import { portsOf, runtimeOf } from './ports.ts'
import type { BffSession } from './session.ts'

/**
 * The session machine with its ports provided for a page behind its own server, for a parent machine that invokes or
 * spawns it. It needs no input. `bffSessionOf(ref)` gives the session of a running actor. Throws `Misconfigured` for
 * options that cannot work.
 *
 * @example
 * const logic = createBffSessionLogic({ page: browserPage() })
 * const app = setup({ actors: { session: logic } }).createMachine({ invoke: { id: 'session', src: 'session' } })
 */
export function createBffSessionLogic<User extends UserIdentity = SessionUser>(
  options: BffSessionOptions<User> = {},
): SessionLogic {
  const settings = readBffOptions(options, 'createBffSessionLogic')
  return sessionLogic(
    (input) => inputOf(input ? readBffOptions({ ...options, ...input }) : settings),
    portsOf(settings),
  )
}

/**
 * The session behind a running actor of `createBffSessionLogic`. Throws `Misconfigured` for any other actor.
 * `User`: what the schema of its option `user` gives.
 *
 * @example
 * const { session } = app.getSnapshot().children
 * if (session) await bffSessionOf(session).fetch('/api/admin/users')
 */
export const bffSessionOf = <User extends UserIdentity = SessionUser>(ref: AnyActorRef): BffSession<User> =>
  runtimeOf(ref).session as BffSession<User>
