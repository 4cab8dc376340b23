import { isDevelopment } from '#development'
import { LoggedOut, Misconfigured } from '../base/errors.ts'
import { type Living, type LoginSession, living } from './living.ts'

/** The user who can step up at this provider. Throws if nobody can. */
export function userAt(session: LoginSession, provider: string): Living {
  const user = living(session)
  if (!user) throw new LoggedOut('never')
  if (user.provider !== provider)
    throw new Misconfigured(
      `createLogins: stepUp("${provider}"), and the session is of "${user.provider}".${isDevelopment ? ' Step up with that provider, or use switchUser.' : ''}`,
    )
  return user
}
