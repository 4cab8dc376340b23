import { createActor } from 'xstate'
import { sessionMachine } from '../../machines/session.machine.ts'
import type { SessionUser, UserIdentity } from '../../machines/session.types.ts'
import { type BffSessionOptions, inputOf, readBffOptions } from './options.ts'
import { portsOf, runtimeOf } from './ports.ts'
import type { BffSession } from './session.ts'

/**
 * The session of a page behind its own server (`createSessionServer`). The server keeps the tokens, and the page has
 * none. The session starts at once and asks its server who is logged in.
 *
 * - Every call names the login that the page shows. The server executes no call for another login. The page is then
 *   `loggedOut` (`elsewhere`) at once, asks who is logged in, and shows that.
 * - `fetch` sends the browser's cookie, waits for no refresh, and never sends a call twice. It passes calls to other
 *   origins on unchanged.
 * - Only the server's own error `no_session` ends the session. Any other answer, or none, is an outage: the page asks
 *   again.
 *
 * The schema of the option `user` gives it its type. Throws `Misconfigured` for options that cannot work.
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
