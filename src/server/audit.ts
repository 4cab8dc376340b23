import type { AuditEntry } from './auditEntry.ts'
import type { ServerNotice } from './notice.ts'
import type { RequestInfo, SessionServerOptions } from './options.ts'
import type { SessionRequest } from './sessionRequest.ts'

/** Facts about a notice that are not in it. */
export interface About {
  readonly via?: string
  readonly userId?: string
  /** The request that caused it. */
  readonly request?: SessionRequest
  /** The user asked for the end. */
  readonly isLogout?: boolean
}

type Told = Pick<AuditEntry, 'type' | 'session'> & Partial<Pick<AuditEntry, 'reason' | 'code' | 'by'>>

/** Calls the option `audit`. An error of `now` or `forwardClientIp` must not escape from here. */
export function createAudit(
  { audit, forwardClientIp }: Pick<SessionServerOptions, 'audit' | 'forwardClientIp'>,
  now: () => number,
) {
  const infos = new WeakMap<object, RequestInfo>()

  function addressOf(request: SessionRequest | undefined): string | undefined {
    try {
      return request && forwardClientIp?.(request as Request, infos.get(request) ?? {})
    } catch {
      // The function may read more of a request than the caller has given.
      return undefined
    }
  }

  async function tell(told: Told, { via, userId, request }: About = {}): Promise<void> {
    if (!audit) return
    const clientIp = addressOf(request)
    try {
      await audit({
        ...told,
        at: now(),
        ...(via !== undefined && { via }),
        ...(userId !== undefined && { userId }),
        ...(clientIp !== undefined && { clientIp }),
      })
    } catch (error) {
      console.error(error)
    }
  }

  return {
    tell,
    /** The entry for a notice, if the notice is somebody's act. */
    note(notice: ServerNotice, about: About = {}) {
      const told = audit && actOf(notice, about)
      if (told) void tell(told, about)
    },
    /** The server's own facts about a request. */
    keep(request: Request, info: RequestInfo) {
      if (audit) infos.set(request, info)
    },
  }
}

function actOf(notice: ServerNotice, { isLogout }: About): Told | undefined {
  const session = 'session' in notice && notice.session !== undefined ? { session: notice.session } : {}
  switch (notice.type) {
    case 'ended': {
      const { reason, by } = notice
      if (by !== undefined) return { type: 'revoked', ...session, reason, by }
      return { type: isLogout ? 'logout' : 'ended', ...session, reason }
    }
    case 'expired':
      return { type: 'refreshRejected', ...session, reason: notice.reason }
    case 'loginRefused':
    case 'turnedAway':
      return { type: notice.type, ...session, code: notice.code }
    default:
      return undefined
  }
}
