import type { RevokeRequest, SessionStrategy } from '../../session/strategy.ts'
import { request } from '../../wire/request.ts'
import { logoutConfirmation } from '../logoutConfirmation.ts'

interface Tokens {
  readonly bearer?: string
  readonly refreshToken?: string
}

interface LogoutResult {
  readonly status: number
  readonly isConfirmed?: boolean
  readonly redirect?: string
}

/**
 * The strategy with a logout that reports the address of the provider's own logout, and that works with an ended
 * bearer. The backend accepts a logout only with a good bearer, so one last refresh gets it. `cookieOf` names the
 * session if the backend knows it by a cookie. Without one the backend ends any one session of the user.
 */
export function withBackendLogout(
  strategy: SessionStrategy,
  cookieOf: (refreshToken: string) => string | undefined,
  onRedirect: (sessionId: string, location: string) => void,
): SessionStrategy {
  /** The tokens after the last refresh of a logout, by the signal, which all tries of one logout share. */
  const left = new WeakMap<AbortSignal, Tokens>()

  async function revoke(asked: RevokeRequest): Promise<boolean> {
    let tokens: Tokens = left.get(asked.signal) ?? asked
    let result = await logoutWith(asked, tokens)
    // A token that may be spent is not sent for a logout.
    if (result?.status === 401 && asked.refreshToken && !asked.isDoubtful && tokens === asked) {
      const outcome = await strategy.refresh(asked)
      if (outcome.kind === 'rejected') return true
      if (outcome.kind === 'refused') return false
      const { refreshToken } = asked
      tokens = outcome.kind === 'ok' ? { refreshToken, ...outcome } : { refreshToken }
      left.set(asked.signal, tokens)
      result = await logoutWith(asked, tokens)
    }
    const { sessionId } = asked as { readonly sessionId?: string }
    if (result?.redirect && sessionId && asked.cause === 'logout') onRedirect(sessionId, result.redirect)
    return result?.isConfirmed === true
  }

  async function logoutWith(
    { baseUrl, signal, fetch }: RevokeRequest,
    { bearer, refreshToken }: Tokens,
  ): Promise<LogoutResult | undefined> {
    const cookie = refreshToken && cookieOf(refreshToken)
    if (!bearer) return { status: 401 }
    const answer = await request({
      url: `${baseUrl}api/auth/logout`,
      method: 'POST',
      headers: { authorization: `Bearer ${bearer}`, ...(cookie && { cookie }) },
      signal,
      fetch,
    })
    if (answer.kind !== 'answer') return undefined
    const confirmation = logoutConfirmation(answer)
    const redirect = confirmation?.redirect
    return {
      status: answer.status,
      isConfirmed: confirmation !== undefined,
      ...(typeof redirect === 'string' && { redirect }),
    }
  }

  return { ...strategy, revoke }
}
