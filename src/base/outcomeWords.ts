import type { RefusedCause, SecurityNotice, UnknownCause, Warning } from '../session/strategy.ts'

/** A list that the types keep complete. */
type Words<T extends string> = Readonly<Record<T, true>>

export const refusedCauses: Words<RefusedCause> = {
  network: true,
  limited: true,
  banned: true,
  unavailable: true,
  misconfigured: true,
}

export const unknownCauses: Words<UnknownCause> = {
  timeout: true,
  network: true,
  redirect: true,
  content: true,
  json: true,
  schema: true,
  size: true,
  status: true,
  refreshFailed: true,
  consumed: true,
  stale: true,
  inDoubt: true,
  internal: true,
}

export const securityNotices: Words<SecurityNotice> = {
  identityMismatch: true,
  unknownUser: true,
  reuse: true,
}

export const warnings: Words<Warning> = {
  schema: true,
  userMisfit: true,
  unit: true,
  tokenFormat: true,
  cookieDuplicate: true,
  cookieFolded: true,
  stale: true,
  rejectedAfterRefresh: true,
  persistFailed: true,
  storage: true,
  notRevoked: true,
}
