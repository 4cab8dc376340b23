import { createRefresher, type RefresherOptions } from 'xstate-session/refresher'
import type { SessionData } from './sealedCookie.ts'

const DUE_MS = 30_000

/** Calls of the panel's API for sessions that the panel keeps in its cookie; a call changes `session` where it renews it. */
export function createApi(options: RefresherOptions & { readonly wall?: () => number }) {
  const { wall = Date.now } = options
  const refresher = createRefresher(options)

  async function refresh(session: SessionData, tenantId: string | null, isRejected: boolean) {
    if (!session.user || !session.provider) return
    const { user, provider, ...rest } = session
    const result = await refresher.refresh({ ...rest, user, provider, tenantId, isRejected })
    const { kind, ...kept } = result
    // What is over is over: nothing of it stays.
    if (kind === 'over') for (const name of Object.keys(session)) delete session[name as keyof SessionData]
    if (kind === 'renewed') Object.assign(session, { refreshToken: null, expiresAt: null, doubt: null }, kept)
    if (kind === 'later') Object.assign(session, { refreshToken: null }, kept)
  }

  const isDue = ({ bearer, expiresAt }: SessionData) => !bearer || (expiresAt ?? Infinity) - wall() <= DUE_MS

  /** The answer of the API: with a fresh bearer, and one retry after a 401. Without a session a 401 of our own. */
  return async (session: SessionData, path: string, init: RequestInit, tenantId: string | null) => {
    const call = (bearer: string) => {
      const headers = new Headers(init.headers)
      headers.set('authorization', `Bearer ${bearer}`)
      return fetch(new URL(path, options.baseUrl), { ...init, headers, redirect: 'manual' })
    }
    if (isDue(session)) await refresh(session, tenantId, false)
    const { bearer } = session
    const response = bearer ? await call(bearer) : new Response(null, { status: 401 })
    if (!bearer || response.status !== 401) return response
    await refresh(session, tenantId, true)
    return session.bearer && session.bearer !== bearer ? call(session.bearer) : response
  }
}
