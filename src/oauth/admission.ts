import type { IDToken } from 'oauth4webapi'
import type { UserDocument } from '../../machines/session.types.ts'

/** Whether a user may log in: `user` in the application's form, `claims` in the provider's. */
export type Admit = (user: UserDocument, facts: { readonly claims: IDToken }) => boolean

/** Only `true` of `admit` lets a user in. An error or a Promise does not. */
export function isAdmitted(admit: Admit | undefined, user: UserDocument, claims: IDToken): boolean {
  try {
    return admit === undefined || admit(user, { claims }) === true
  } catch {
    return false
  }
}
