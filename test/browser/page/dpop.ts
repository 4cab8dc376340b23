import { createSession } from 'xstate-session'
import { dpopKey } from 'xstate-session/dpop'
import { type CodeAttempt, oauthProvider } from 'xstate-session/oauth'

/** A page whose provider and API are at another origin. Its parts are there for tests. */
const party = new URLSearchParams(location.search).get('party') ?? ''
const provider = oauthProvider({
  server: {
    issuer: party,
    authorization_endpoint: `${party}/authorize`,
    token_endpoint: `${party}/token`,
  },
  clientId: 'panel',
  redirectUri: `${location.origin}/callback`,
  dpop: dpopKey(),
})
const session = createSession({ baseUrl: `${party}/api/`, strategies: { provider } })
const line = () => ({ signal: AbortSignal.timeout(10_000) })
let attempt: CodeAttempt

const shown = (error: { code: string; message: string }) => `${error.code}: ${error.message}`
const page = {
  async begin() {
    const begun = await provider.logins.begin({}, line())
    attempt = begun.attempt
    return begun.location.href
  },
  finish: (parameters: string) =>
    provider.logins
      .finish(attempt, new URLSearchParams(parameters), line(), () => {})
      .then((grant) => session.login(grant, { provider: 'provider' }))
      .then(() => 'in', shown),
  call: () => session.fetch('/api/rows').then(({ status }) => status, shown),
}
export type DpopPage = typeof page
Object.assign(window, { page })
