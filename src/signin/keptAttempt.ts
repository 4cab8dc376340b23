import type { CodeAttempt } from '../oauth/codeGrant.ts'

/** What a login that begins may do to the session that is there: nothing, renew its user's sign-in, replace it. */
export type Purpose = 'signIn' | 'stepUp' | 'switchUser'

/** A login that this browser has begun. */
export interface KeptAttempt extends CodeAttempt {
  /** The key of the provider. */
  readonly provider: string
  /** The path of this application to which it leads. */
  readonly returnTo: string
  /** What it may do to the session that is there. */
  readonly purpose: Purpose
  /** Whose session is stepped up. */
  readonly userId?: string
  /** Whether the provider was to ask the user nothing. @default false */
  readonly isSilent?: boolean
  /** When its callback was taken; the instant, as `beganAt`. Absent: nobody has come back. */
  readonly takenAt?: number
}
