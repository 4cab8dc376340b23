// page.ts
import { createBffSession, loginErrorText } from 'xstate-session/bff'
import { browserPage } from 'xstate-session/browser'

const session = createBffSession({ page: browserPage() })

const part = <Part extends HTMLElement>(id: string) => document.getElementById(id) as Part
const form = part<HTMLFormElement>('login')

/** Texts for users, by the reason. Other reasons have a general text. */
const TEXTS: Readonly<Record<string, string>> = {
  never: 'Please sign in.',
  user: 'You have signed out.',
  elsewhere: 'You have signed out in another tab.',
  accessRevoked: 'Your access has been withdrawn.',
}

const error = new URLSearchParams(location.search).get('error')
/** Why the last login failed. A login that failed at the provider comes back with `?error=`. */
let problem = error ? loginErrorText(error) : ''

/** Shows the state of the session. */
function show() {
  const { isPending, isAuthenticated, state, user, reason } = session.getSnapshot()
  const name = user?.name ?? user?.email ?? ''
  form.hidden = isPending || isAuthenticated
  part('panel').hidden = !isAuthenticated
  const ended = reason && (problem || (TEXTS[reason] ?? 'Your session has ended. Please sign in again.'))
  part('status').textContent = isPending ? 'One moment…' : (ended ?? `${name}, ${state}`)
}

/** Loads the data of the page at this address: /users, or /settings. */
async function load() {
  const path = location.pathname === '/settings' ? '/api/admin/settings' : '/api/admin/users'
  const answer = await session.fetch(path)
  const items = answer.ok ? Object.entries(await answer.json()) : [['answer', answer.status]]
  part('list').replaceChildren(
    ...items.map(([name, value]) =>
      Object.assign(document.createElement('li'), { textContent: `${name}: ${JSON.stringify(value)}` }),
    ),
  )
}

function notLoaded(error: unknown) {
  if (!session.getSnapshot().isAuthenticated) return show() // it says why the session has ended
  console.error(error)
  part('list').textContent = 'The data could not be loaded.'
}

async function logIn(event: SubmitEvent) {
  event.preventDefault()
  // With a second factor this resolves to { next: 'twoFactor' }: ask for the code, and call session.secondFactor({ code }).
  await session.login(new FormData(form)).catch(failed)
}

/** A login has failed, or could not begin. */
function failed(error: unknown) {
  problem = loginErrorText(error)
  show()
}

let shown: string | undefined
function onChange() {
  const { isAuthenticated, user } = session.getSnapshot()
  const id = isAuthenticated ? user?.id : undefined
  if (isAuthenticated) problem = ''
  show()
  if (id !== shown) part('list').replaceChildren() // the next user must not see this user's data
  if (id !== undefined && id !== shown) load().catch(notLoaded)
  shown = id
}

form.addEventListener('submit', logIn)
part('reload').addEventListener('click', () => load().catch(notLoaded))
part('logout').addEventListener('click', () => session.logout())
part('openid').addEventListener('click', () => session.loginWithRedirect().catch(failed))
session.subscribe(onChange)
onChange()
