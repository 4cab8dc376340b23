import type { About } from './audit.ts'
import type { Found } from './foundSession.ts'
import type { SessionRequest } from './sessionRequest.ts'

/** Whose session it is, for an audit; `request`: what brought it up. */
export const aboutOf = (
  { record, session }: Pick<Found, 'record' | 'session'>,
  request?: SessionRequest,
): About => ({ via: record.via[0], userId: session.user.id, ...(request && { request }) })
