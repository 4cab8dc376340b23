// page.ts
import { bffStrategy, createSession } from 'xstate-session'
import { browserOptions } from 'xstate-session/browser'

const session = createSession(
  browserOptions({ baseUrl: location.origin, strategies: { bff: bffStrategy() } }),
)

const part = <Part extends HTMLElement>(id: string) => document.getElementById(id) as Part
const form = part<HTMLFormElement>('login')

/** For users; the rest are told to sign in again. */
const TEXTS: Readonly<Record<string, string>> = {
  never: 'Please sign in.',
  user: 'You have signed out.',
  elsewhere: 'You have signed out in another tab.',
  accessRevoked: 'Your access has been withdrawn.',
}

/** The page is what the session says. */
function show() {
  const { isPending, isAuthenticated, state, user, reason } = session.getSnapshot()
  const name = user?.name ?? user?.email ?? ''
  form.hidden = isPending || isAuthenticated
  part('panel').hidden = !isAuthenticated
  const ended = reason && (TEXTS[reason] ?? 'Your session has ended. Please sign in again.')
  part('status').textContent = isPending ? 'One moment…' : (ended ?? `${name}, ${state}`)
  if (!isAuthenticated) part('list').replaceChildren()
}

/** The page of this address: /users, or /settings. */
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

async function logIn(event: SubmitEvent) {
  event.preventDefault()
  const answer = await fetch('/session/login', {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-csrf': '1' },
    body: JSON.stringify(Object.fromEntries(new FormData(form))),
  })
  if (answer.ok) await session.login(await answer.json(), { provider: 'bff' })
  else part('status').textContent = 'The e-mail address or the password is wrong.'
}

/** Goes to the identity provider. A link could not: any website could make you follow it. */
async function signInWithOpenid() {
  const answer = await fetch('/session/openid/start', {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-csrf': '1' },
    body: JSON.stringify({ returnTo: location.pathname }),
  })
  if (answer.ok) location.assign((await answer.json()).location)
  else part('status').textContent = 'The sign-in could not begin. Please try again.'
}

let wasAuthenticated = false
function onChange() {
  const { isAuthenticated } = session.getSnapshot()
  show()
  if (isAuthenticated && !wasAuthenticated) load().catch(show) // an ended session shows itself
  wasAuthenticated = isAuthenticated
}

form.addEventListener('submit', logIn)
part('reload').addEventListener('click', () => load().catch(show))
part('logout').addEventListener('click', () => session.logout())
part('openid').addEventListener('click', signInWithOpenid)
session.subscribe(onChange)
onChange()
