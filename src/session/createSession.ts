import type { SessionUser, UserIdentity } from '../../machines/session.types.ts'
import { readOptions, type SessionOptions } from './options.ts'
import { startSession } from './ports.ts'
import type { Session } from './session.ts'

/**
 * A running session, logged out until `login`. The schema of the option `user` gives it its type. Throws
 * `Misconfigured` for options that cannot work.
 *
 * @example
 * const session = createSession({
 *   baseUrl: 'https://chat.example.com',
 *   strategies: { openid: openidStrategy() },
 * })
 * await session.login(await exchange.json(), { provider: 'openid' })
 * const answer = await session.fetch('/api/admin/users')
 */
export const createSession = <User extends UserIdentity = SessionUser>(
  options: SessionOptions<User>,
): Session<User> => startSession(readOptions(options)).session as Session<User>
