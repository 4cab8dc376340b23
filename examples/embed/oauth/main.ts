// main.ts
import { createSession } from 'xstate-session'
import { browserOptions } from 'xstate-session/browser'
import { createLogins, loginTexts, oauthProvider } from 'xstate-session/oauth'

const issuer = document.querySelector<HTMLMetaElement>('meta[name=issuer]')?.content ?? ''

const provider = oauthProvider({
  server: issuer,
  clientId: 'panel',
  redirectUri: `${location.origin}/callback`,
  postLogoutRedirectUri: `${location.origin}/`,
  scope: 'openid profile email offline_access',
})
/** The page holds the tokens, sealed in IndexedDB, with one login for all tabs. */
const session = createSession(
  browserOptions({ baseUrl: location.origin, strategies: { provider }, vault: 'shared' }),
)
const logins = createLogins(session, { provider })

const part = (id: string) => document.getElementById(id) as HTMLElement

/** Texts for users, by the reason. Other reasons have a general text. */
const TEXTS: Readonly<Record<string, string>> = {
  ...loginTexts,
  never: 'Please sign in.',
  user: 'You have signed out.',
  elsewhere: 'You have signed out in another tab.',
}
let problem = ''

/** Shows the state of the session. */
function show() {
  const { isPending, isAuthenticated, state, user, reason } = session.getSnapshot()
  const isHidden = isPending || logins.isCallback()
  part('login').hidden = isHidden || isAuthenticated
  part('panel').hidden = !isAuthenticated
  const ended = reason && (TEXTS[reason] ?? 'Your session has ended. Please sign in again.')
  part('status').textContent = isHidden ? 'One moment…' : problem || ended || `${user?.name}, ${state}`
}

async function load() {
  const answer = await session.fetch('/api/orders')
  list(answer.ok ? await answer.json() : [`The API answered ${answer.status}.`])
}

const list = (lines: string[]) =>
  part('list').replaceChildren(
    ...lines.map((line) => Object.assign(document.createElement('li'), { textContent: line })),
  )

function notLoaded(error: unknown) {
  if (!session.getSnapshot().isAuthenticated) return show() // it says why the session has ended
  console.error(error)
  list(['The orders could not be loaded.'])
}

let shown: string | undefined
function onChange() {
  const { isAuthenticated, user } = session.getSnapshot()
  const id = isAuthenticated ? user?.id : undefined
  show()
  if (id !== shown) list([]) // the next user must not see this user's data
  if (id !== undefined && id !== shown) load().catch(notLoaded)
  shown = id
}

function failed(error: unknown) {
  const reason = (error as { reason?: string }).reason ?? ''
  if (!reason) console.error(error) // a Misconfigured says what to change
  problem = TEXTS[reason] ?? loginTexts.failed
  show()
}

part('login').addEventListener('click', () => logins.signIn('provider').catch(failed))
part('again').addEventListener('click', () => logins.stepUp('provider', { maxAge: 0 }).catch(failed))
part('switch').addEventListener('click', () =>
  logins.switchUser('provider', { prompt: 'login' }).catch(failed),
)
part('reload').addEventListener('click', () => load().catch(notLoaded))
part('logout').addEventListener('click', () => session.logout())
session.subscribe(onChange)
onChange()

if (location.pathname === '/callback')
  await logins.handleCallback().then(
    ({ returnTo }) => history.replaceState(null, '', returnTo),
    (error) => {
      history.replaceState(null, '', error.returnTo ?? '/')
      failed(error)
    },
  )
onChange()
