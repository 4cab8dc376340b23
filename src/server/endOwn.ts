import type { ServerContext } from './context.ts'
import type { EndSession } from './endSession.ts'
import { isFound } from './foundSession.ts'
import { findMeant, type GetSessionOptions, setting } from './getSession.ts'
import type { ServerCookie } from './serverCookie.ts'
import type { SessionRequest } from './sessionRequest.ts'

/** A logout, and the parts of its answer. */
export interface EndedServerSession {
  /**
   * Whether every process knows that the user is logged out. `false` has four causes: the request does not name the
   * present login; that login is not in the option `logins`; several cookies lead to sessions; or the store is down,
   * and this process goes on trying.
   */
  readonly isEnded: boolean
  /** The next address of the browser: an address of this server that leads once to the provider's own logout. */
  readonly redirect?: string
  /** The cookies for the browser. */
  cookies(): Promise<readonly ServerCookie[]>
  /** Adds the cookies to `response`. */
  commit(response: Response): Promise<Response>
}

/** `end` of a server. */
export function createEnd(context: ServerContext, endSession: EndSession) {
  const { sessionCookie } = context.sessions
  return async (
    request: SessionRequest,
    options: Pick<GetSessionOptions, 'login'> = {},
  ): Promise<EndedServerSession> => {
    const found = await findMeant(context, request, options, 'end')
    if (isFound(found)) {
      const { cookies, ...end } = await endSession(context, found, request)
      return { ...end, ...setting(async () => cookies) }
    }
    const isKept = found.isOther || found.isUnknownLogin
    const lines = isKept
      ? []
      : found.isAmbiguous
        ? sessionCookie.clearForeign(request)
        : sessionCookie.clear()
    return { isEnded: !(isKept || found.isAmbiguous), ...setting(async () => lines) }
  }
}
