import { LoginFailed } from '../base/errors.ts'
import type { GrantedTokens } from '../oauth/codeGrant.ts'
import type { OauthProvider } from '../oauth/oauthProvider.ts'
import type { AttemptStore } from './attemptStore.ts'
import type { Callback } from './callbackOf.ts'
import { inTime } from './inTime.ts'
import type { KeptAttempt } from './keptAttempt.ts'
import { type LoginSession, living, livingSoon } from './living.ts'

/** Exchanges the code of a callback and begins the session, or throws the reason. */
export type Adopt = (attempt: KeptAttempt, callback: Callback) => Promise<void>

/** Handles the tokens of a callback: begins the session with them, or revokes them. */
export function createAdoption(
  session: LoginSession,
  providerOf: (name: string) => OauthProvider,
  kept: AttemptStore,
): Adopt {
  /**
   * Revokes unused tokens. While a user is logged in, it keeps tokens of the same user and of an unknown user, because
   * some providers end all tokens of a user when one is revoked.
   */
  function letGo(provider: string, { token, refreshToken }: GrantedTokens, userId: string | undefined) {
    const user = living(session)
    if (user && (userId === undefined || (user.id === userId && user.provider === provider))) return
    const request = { baseUrl: '', userId: userId ?? '', attemptId: '', cause: 'late' } as const
    const tokens = { bearer: token, ...(refreshToken && { refreshToken }) }
    inTime(async ({ signal }) => providerOf(provider).revoke?.({ ...request, ...tokens, signal })).catch(
      () => {},
    )
  }

  return async (attempt, { parameters, redirectUri }) => {
    const { provider, purpose, userId } = attempt
    const { logins, redirectUri: own } = providerOf(provider)
    // The code of one provider never reaches another (RFC 9700 section 4.4.2).
    if (redirectUri !== own) throw new LoginFailed('other_issuer')
    const refused = (tokens: GrantedTokens, of: string | undefined) => letGo(provider, tokens, of)
    const grant = await inTime((line) => logins.finish(attempt, parameters, line, refused))
    const now = await livingSoon(session)
    // Another tab was faster while the provider was asked.
    if (purpose === 'signIn' && now) return refused(grant, grant.user.id)
    const isOther = now && (now.id !== userId || now.provider !== provider)
    const { state, reason } = session.getSnapshot()
    // A logout meanwhile stays.
    const isEnded = state === 'loggedOut' && reason !== 'never'
    if (purpose === 'stepUp' && (isEnded || isOther || grant.user.id !== userId)) {
      refused(grant, grant.user.id)
      throw new LoginFailed(isEnded ? 'login_cancelled' : 'other_user')
    }
    try {
      await session.login(grant, { provider })
    } catch (error) {
      refused(grant, grant.user.id)
      throw error
    }
    await kept.keepHint(provider, grant.idToken).catch(() => {})
  }
}
