import type { SessionUser, UserIdentity } from '../../machines/session.types.ts'
import { type LibrechatLoginOptions, librechatLogin } from '../../src/librechat/login/librechatLogin.ts'
import { createSessionServer } from '../../src/server/createSessionServer.ts'
import type { SessionServerOptions } from '../../src/server/options.ts'

/** The options of a server and of its one login, in one object. */
export type LibrechatServerOptions<User extends UserIdentity = SessionUser> = Omit<
  SessionServerOptions<User>,
  'logins'
> &
  LibrechatLoginOptions

/** A server whose only login is LibreChat's. */
export function librechatServer<User extends UserIdentity = SessionUser>(
  options: LibrechatServerOptions<User>,
) {
  const {
    baseUrl,
    browserBaseUrl,
    identity,
    callbackPath,
    resolveTenant,
    resend,
    trust503,
    trust404,
    rateLimit,
    openidBackendLogout,
    endSessionOrigins,
    backChannelLogout,
    ...server
  } = options
  const login = {
    baseUrl,
    browserBaseUrl,
    identity,
    callbackPath,
    resolveTenant,
    resend,
    trust503,
    trust404,
    rateLimit,
    openidBackendLogout,
    endSessionOrigins,
    backChannelLogout,
  }
  const given = Object.fromEntries(Object.entries(login).filter(([, value]) => value !== undefined))
  return createSessionServer<User>({
    ...server,
    logins: { librechat: librechatLogin(given as unknown as LibrechatLoginOptions) },
  } as SessionServerOptions<User>)
}
