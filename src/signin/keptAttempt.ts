import type { CodeAttempt } from '../oauth/codeGrant.ts'

/** What a login may do to the present session: nothing, renew its user's sign-in, or replace it. */
export type Purpose = 'signIn' | 'stepUp' | 'switchUser'

/** A login that this browser has begun. */
export interface KeptAttempt extends CodeAttempt {
  /** The key of the provider. */
  readonly provider: string
  /** The path of this application after the login. */
  readonly returnTo: string
  /** What it may do to the present session. */
  readonly purpose: Purpose
  /** The user of the step-up. */
  readonly userId?: string
  /** Whether the provider must not ask the user anything. @default false */
  readonly isSilent?: boolean
  /** When its callback was taken, in the form of `beganAt`. Absent: it has not returned. */
  readonly takenAt?: number
  /** Why the login has failed, at `takenAt`. Absent: it has not. */
  readonly failure?: string
}
