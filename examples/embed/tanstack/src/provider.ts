// provider.ts: replaces session.ts, for a login at any OpenID provider
import { redirect } from '@tanstack/react-router'
import { createSession } from 'xstate-session'
import { browserOptions } from 'xstate-session/browser'
import { createLogins, oauthProvider } from 'xstate-session/oauth'
import { requireSession } from 'xstate-session/tanstack-router'

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
/** For a guarded route. */
export const beforeLoad = requireSession(session, {
  toLogin: (returnTo) => redirect({ to: '/login', search: { returnTo } }),
  signIn: { logins, provider: 'keycloak' },
})
