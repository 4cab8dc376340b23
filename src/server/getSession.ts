import type { SessionUser } from '../../machines/session.types.ts'
import { LoggedOut, Misconfigured } from '../session/errors.ts'
import { bearerOf } from './bearerOf.ts'
import type { ServerContext } from './context.ts'
import { isFound } from './sessions.ts'

/** The session of one request, for code of the server beside its endpoints. */
export interface ServerSession {
  /** `null`: nobody is logged in. */
  readonly user: SessionUser | null
  /**
   * Calls the backend with a fresh bearer, as `Session.fetch` does. Rejects with `LoggedOut` without a session.
   * Read-only: with the bearer at hand.
   */
  readonly fetch: typeof globalThis.fetch
  /** A bearer that is good now; read-only: the one at hand, if it is still good. Rejects as `Session.getToken`. */
  getToken(options?: { readonly signal?: AbortSignal | null }): Promise<string>
  /** Puts what the browser must know into `response`. Rejects with `Misconfigured` for a read-only session. */
  commit(response: Response): Promise<Response>
}

export function createGetSession(context: ServerContext) {
  const { sessions, settings } = context
  return async (
    request: Request,
    { readOnly = false }: { readonly readOnly?: boolean } = {},
  ): Promise<ServerSession> => {
    const found = await sessions.find(request)
    const commit = async (response: Response): Promise<Response> => {
      if (readOnly)
        throw new Misconfigured('A read-only session commits nothing: call getSession without readOnly.')
      const { carrier } = sessions
      const isGone = !isFound(found) && carrier.isPresent(request)
      for (const line of isGone ? carrier.clear() : await carrier.update(request))
        response.headers.append('set-cookie', line)
      return response
    }
    if (!isFound(found)) {
      const nobody = () => Promise.reject(new LoggedOut('never'))
      return { user: null, fetch: nobody, getToken: nobody, commit }
    }
    const bearer = bearerOf(found, sessions, settings, !readOnly)
    return { user: found.session.user, fetch: bearer.fetch, getToken: bearer.getToken, commit }
  }
}
