import type { ExpiredReason, LoggedOutReason } from '../../machines/session.types.ts'

/**
 * After these ends only the user begins a login. Any other login would undo the act of the user or of a limit, or fail
 * again.
 */
export const byWish: ReadonlySet<ExpiredReason | LoggedOutReason> = new Set([
  'user',
  'elsewhere',
  'backChannel',
  'accessRevoked',
  'identityMismatch',
  'idle',
  'absoluteLifetime',
] as const)
