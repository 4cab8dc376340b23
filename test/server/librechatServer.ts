import type { SessionUser, UserIdentity } from '../../machines/session.types.ts'
import { type LibrechatLoginOptions, librechatLogin } from '../../src/librechat/login/librechatLogin.ts'
import { createSessionServer } from '../../src/server/createSessionServer.ts'
import type { SessionServerOptions } from '../../src/server/options.ts'
import { way } from './way.ts'

/** The options of a server and of its one login, in one object. */
export type LibrechatServerOptions<User extends UserIdentity = SessionUser> = Omit<
  SessionServerOptions<User>,
  'logins'
> &
  LibrechatLoginOptions

const OF_LOGIN: readonly string[] = Object.keys({
  baseUrl: true,
  browserBaseUrl: true,
  identity: true,
  callbackPath: true,
  google: true,
  googleCallbackPath: true,
  resolveTenant: true,
  resend: true,
  trust503: true,
  trust404: true,
  rateLimit: true,
  openidBackendLogout: true,
  endSessionOrigins: true,
  backChannelLogout: true,
} satisfies Record<keyof LibrechatLoginOptions, true>)

/** A server whose only login is LibreChat's. */
export function librechatServer<User extends UserIdentity = SessionUser>(
  options: LibrechatServerOptions<User>,
) {
  const given = Object.entries(options).filter(([, value]) => value !== undefined)
  const isOfLogin = ([name]: [string, unknown]) => OF_LOGIN.includes(name)
  const login = Object.fromEntries(given.filter(isOfLogin)) as unknown as LibrechatLoginOptions
  const server = Object.fromEntries(given.filter((one) => !isOfLogin(one)))
  return createSessionServer<User>({
    ...way(),
    ...server,
    logins: { librechat: librechatLogin(login) },
  } as unknown as SessionServerOptions<User>)
}
