import { createActor } from 'xstate'
import { sessionMachine } from '../../machines/session.machine.ts'
import type { SessionUser, UserIdentity } from '../../machines/session.types.ts'
import { type BffSessionOptions, inputOf, readBffOptions } from './options.ts'
import { portsOf, runtimeOf } from './ports.ts'
import type { BffSession } from './session.ts'

/**
 * The session of a page behind its own server (`createSessionServer`), which keeps the tokens: the page has none. It
 * begins to run at once, and asks its server who is logged in.
 *
 * - Every call says which login the page believes in. The server executes none that is for another login: the page is
 *   then `loggedOut` (`elsewhere`) at once, looks who is there, and shows that.
 * - `fetch` sends the browser's cookie, waits for no refresh, and never sends a call twice. Calls to other origins pass
 *   as they are.
 * - Only the server's own word `no_session` ends the session. Whatever else comes back, or does not, is an outage: the
 *   page goes on asking.
 *
 * It is typed by the schema of its option `user`. Throws `Misconfigured` for options that cannot work.
 *
 * @example
 * const session = createBffSession({ page: browserPage(), idleTimeoutMs: 30 * 60_000 })
 * const answer = await session.fetch('/api/admin/users')
 */
export function createBffSession<User extends UserIdentity = SessionUser>(
  options: BffSessionOptions<User> = {},
): BffSession<User> {
  const settings = readBffOptions(options)
  const machine = sessionMachine.provide(portsOf(settings))
  return runtimeOf(createActor(machine, { input: inputOf(settings) }).start()).session as BffSession<User>
}
