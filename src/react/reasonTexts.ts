import type { ExpiredReason, LoggedOutReason } from '../../machines/session.types.ts'

/** A text for every reason why there is no session. */
export type ReasonTexts = Readonly<Record<ExpiredReason | LoggedOutReason, string>>

/** The English texts for the user: what happened, and what to do. Translate this table. */
export const reasonTexts: ReasonTexts = {
  never: 'Please sign in.',
  user: 'You have signed out.',
  elsewhere: 'You have signed out in another tab.',
  backChannel: 'Your identity provider has signed you out. Please sign in again.',
  idle: 'You were inactive for too long. Please sign in again.',
  absoluteLifetime: 'Your session has reached its maximum length. Please sign in again.',
  accessRevoked: 'Your access has been withdrawn. Please ask an administrator.',
  stepUpRequired: 'Your account needs another step. Please sign in again.',
  identityMismatch: 'Your account has changed. Please sign in again.',
  refreshRejected: 'Your session has expired. Please sign in again.',
  refreshUnsupported: 'Your session has expired. Please sign in again.',
  refreshOutcomeUnknown: 'Your session has expired. Please sign in again.',
  notRefreshable: 'Your session has expired. Please sign in again.',
  missingCredential: 'Your session has expired. Please sign in again.',
  keyLost: 'Your session has expired. Please sign in again.',
  unusableLifetime: 'Your session has expired. Please sign in again.',
  internal: 'Your session has failed. Please sign in again.',
}
