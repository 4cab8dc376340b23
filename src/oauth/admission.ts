import type { IDToken } from 'oauth4webapi'
import type { UserDocument } from '../../machines/session.types.ts'

/** Whether a user may in: `user` as the application knows them, `claims` as the provider tells them. */
export type Admit = (user: UserDocument, facts: { readonly claims: IDToken }) => boolean

/** In may whom `admit` says `true` of: not who makes it throw, nor who makes it promise something. */
export function isAdmitted(admit: Admit | undefined, user: UserDocument, claims: IDToken): boolean {
  try {
    return admit === undefined || admit(user, { claims }) === true
  } catch {
    return false
  }
}
