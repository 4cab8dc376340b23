// session.ts
import { createSession } from 'xstate-session'
import { browserOptions } from 'xstate-session/browser'
import { createLogins, oauthProvider } from 'xstate-session/oauth'

const provider = oauthProvider({
  server: import.meta.env.VITE_ISSUER,
  clientId: 'panel',
  redirectUri: `${location.origin}/callback`,
  postLogoutRedirectUri: `${location.origin}/`,
  scope: 'openid profile email offline_access',
})
/** The page holds the tokens, sealed in IndexedDB, with one login for all tabs. */
export const session = createSession(
  browserOptions({ baseUrl: location.origin, strategies: { provider }, vault: 'shared' }),
)
export const logins = createLogins(session, { provider })
