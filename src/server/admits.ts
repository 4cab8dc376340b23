import type { UserDocument } from '../../machines/session.types.ts'
import { readUser } from '../base/readUser.ts'
import type { ServerSettings } from './readServerOptions.ts'
import { shownUserOf } from './shownUserOf.ts'

/** Whether the option `admit` lets the user of the login `login` in. Only `true` counts as a yes. */
export function admits(settings: ServerSettings, login: string, claims: UserDocument): boolean {
  if (!settings.admit) return true
  try {
    const user = shownUserOf(settings, claims, readUser)
    return user !== undefined && settings.admit(user, { login, claims: structuredClone(claims) }) === true
  } catch (error) {
    console.error(error)
    return false
  }
}
