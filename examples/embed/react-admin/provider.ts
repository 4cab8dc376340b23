// provider.ts: replaces session.ts, for a login at any OpenID provider
import { createSession } from 'xstate-session'
import { browserOptions } from 'xstate-session/browser'
import { createLogins, oauthProvider } from 'xstate-session/oauth'
import { reactAdminAuthProvider } from 'xstate-session/react-admin'

const keycloak = oauthProvider({
  server: 'https://id.example.com/realms/staff',
  clientId: 'panel',
  redirectUri: `${location.origin}/auth-callback`,
  scope: 'openid profile email offline_access',
})
export const session = createSession(
  browserOptions({ baseUrl: 'https://api.example.com/', strategies: { keycloak }, vault: 'shared' }),
)
export const logins = createLogins(session, { keycloak })
export const authProvider = reactAdminAuthProvider(session, { login: { logins, provider: 'keycloak' } })
