import { createSession } from 'xstate-session'
import { browserOptions } from 'xstate-session/browser'
import { createLogins, oauthProvider } from 'xstate-session/oauth'

declare global {
  interface Window {
    /** What the script does in the page; there as soon as the page knows its provider. */
    panel: {
      signIn(): Promise<void>
      callback(): Promise<string>
      renew(): Promise<void>
      logout(): Promise<void>
      state(): { readonly state: string; readonly user: string | undefined; readonly version: number }
    }
  }
}

const { issuer = '', scope = '' } = JSON.parse(sessionStorage.getItem('party') ?? '{}')
if (issuer) {
  const provider = oauthProvider({
    server: issuer,
    clientId: 'panel',
    redirectUri: `${location.origin}/callback`,
    postLogoutRedirectUri: `${location.origin}/`,
    scope,
  })
  const session = createSession(
    browserOptions({ baseUrl: location.origin, strategies: { provider }, vault: 'shared' }),
  )
  const logins = createLogins(session, { provider })
  window.panel = {
    signIn: () => logins.signIn('provider', { loginHint: 'ada' }),
    callback: async () => (await logins.handleCallback()).returnTo,
    renew: () => session.refresh({ by: 'force' }),
    logout: () => session.logout(),
    state() {
      const { state, user, version } = session.getSnapshot()
      return { state, user: user?.name ?? user?.id, version }
    },
  }
}
