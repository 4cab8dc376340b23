// provider.ts: replaces session.ts, for a login at any OpenID provider
import { createSession } from 'xstate-session'
import { browserOptions } from 'xstate-session/browser'
import { createLogins, oauthProvider } from 'xstate-session/oauth'
import { refineAuthProvider } from 'xstate-session/refine'

const keycloak = oauthProvider({
  server: 'https://id.example.com/realms/staff',
  clientId: 'panel',
  redirectUri: `${location.origin}/callback`,
  scope: 'openid profile email offline_access',
})
export const session = createSession(
  browserOptions({ baseUrl: 'https://api.example.com/', strategies: { keycloak }, vault: 'shared' }),
)
export const logins = createLogins(session, { keycloak })
export const authProvider = refineAuthProvider(session, { login: { logins, provider: 'keycloak' } })
