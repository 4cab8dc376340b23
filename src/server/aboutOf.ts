import type { About } from './audit.ts'
import type { Found } from './foundSession.ts'
import type { SessionRequest } from './sessionRequest.ts'

/** The session of an audit entry. `request`: the request that caused the entry. */
export const aboutOf = (
  { record, session }: Pick<Found, 'record' | 'session'>,
  request?: SessionRequest,
): About => ({ via: record.via[0], userId: session.user.id, ...(request && { request }) })
