import type { ExpiredReason, LoggedOutReason } from '../../machines/session.types.ts'

/** After these ends only the user begins a login: another would undo what the user or a limit did, or fail again. */
export const byWish: ReadonlySet<ExpiredReason | LoggedOutReason> = new Set([
  'user',
  'elsewhere',
  'backChannel',
  'accessRevoked',
  'identityMismatch',
  'idle',
  'absoluteLifetime',
] as const)
