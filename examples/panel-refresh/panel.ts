import type { RefresherOptions } from 'xstate-session/refresher'
import { createApi } from './refresh.ts'
import { createSealedCookie, type SessionData } from './sealedCookie.ts'

export interface PanelOptions extends RefresherOptions {
  readonly secret: string
  readonly wall?: () => number
  /** Whom a request logs in; the panel's own affair. */
  readonly login: (request: Request) => Promise<SessionData>
}

/** A panel with a sealed session of its own. `POST /login` begins it; `/api/` is the backend, with the bearer of its session. */
export function createPanel({ secret, login, ...options }: PanelOptions) {
  const cookie = createSealedCookie(secret)
  const api = createApi(options)
  return async (request: Request): Promise<Response> => {
    const { pathname, search } = new URL(request.url)
    if (request.method === 'POST' && pathname === '/login')
      return new Response(null, { headers: { 'set-cookie': await cookie.write(await login(request)) } })
    if (request.method !== 'GET' || !pathname.startsWith('/api/')) return new Response(null, { status: 404 })
    const session = await cookie.read(request)
    const before = JSON.stringify(session)
    const answer = await api(session, pathname + search, {}, request.headers.get('x-tenant-id'))
    const headers = new Headers({ 'content-type': answer.headers.get('content-type') ?? 'text/plain' })
    if (JSON.stringify(session) !== before) headers.append('set-cookie', await cookie.write(session))
    return new Response(answer.body, { status: answer.status, headers })
  }
}
