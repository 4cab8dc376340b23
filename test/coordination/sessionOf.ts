import type { Clock, FlightIdentity, SessionRecord } from 'xstate-session'

/** The record of a session that holds what `identity` says. */
export function sessionOf(identity: FlightIdentity, version: number, clock: Clock): SessionRecord {
  const { provider, userId, tenantId, sessionId, bearer, refreshToken } = identity
  return {
    v: 1,
    epoch: 1,
    version,
    provider,
    user: { id: userId },
    startedAt: clock.wall(),
    ...(tenantId && { tenantId }),
    ...(sessionId && { sessionId }),
    ...(bearer && { bearer }),
    ...(refreshToken && { refreshToken }),
  }
}
