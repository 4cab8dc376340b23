import { createSession } from 'xstate-session'
import { createLogins, oauthProvider, popups, type SignInOptions } from 'xstate-session/oauth'

const provider = oauthProvider({
  server: document.querySelector<HTMLMetaElement>('meta[name=issuer]')?.content ?? '',
  clientId: 'panel',
  redirectUri: `${location.origin}/callback`,
  scope: 'openid profile email offline_access',
})
/** The tokens are nowhere but in this page. */
const session = createSession({ baseUrl: location.origin, strategies: { provider } })
const logins = createLogins(session, { provider }, { popups })

const part = (id: string) => document.getElementById(id) as HTMLElement
const search = new URLSearchParams(location.search)
let asking = new AbortController()

function show() {
  const { user, state } = session.getSnapshot()
  part('who').textContent = `${user?.name ?? 'nobody'}, ${state}`
}

function settle(asked: Promise<unknown>) {
  part('outcome').textContent = 'asked'
  asked.then(
    () => {
      part('outcome').textContent = 'done'
    },
    (error) => {
      part('outcome').textContent = `${error.code} ${error.reason ?? error.message}`
    },
  )
}

function popup(): SignInOptions {
  asking = new AbortController()
  const onReturn = () => {
    part('outcome').textContent = 'returned'
  }
  const { signal } = asking
  const { hint } = window as { hint?: string }
  const named = hint === undefined ? {} : { loginHint: hint }
  return { popup: search.has('plain') || { signal, onReturn }, maxAge: 0, ...named }
}

part('leave').onclick = () => settle(logins.signIn('provider'))
part('window').onclick = () => settle(logins.signIn('provider', popup()))
part('again').onclick = () => settle(logins.stepUp('provider', popup()))
part('cancel').onclick = () => asking.abort()
part('logout').onclick = () => session.logout()
session.subscribe(show)
show()
if (logins.isCallback()) {
  settle(logins.handleCallback())
  history.replaceState(null, '', '/')
}
// Nobody has clicked.
if (search.has('unclicked')) settle(logins.signIn('provider', popup()))
