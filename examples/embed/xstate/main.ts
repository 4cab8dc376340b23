// main.ts
import { createActor } from 'xstate'
import { createSessionLogic } from 'xstate-session'
import { browserOptions } from 'xstate-session/browser'
import { createOpenidLogins, loginErrorText, openidStrategy } from 'xstate-session/librechat'
import { selectSession } from 'xstate-session/machine'
import { appMachine, sessionIn } from './app.machine.ts'

const backend = document.querySelector<HTMLMetaElement>('meta[name=backend]')?.content ?? ''

/** The page holds the tokens, sealed in IndexedDB, with one login for all tabs. */
const session = createSessionLogic(
  browserOptions({ baseUrl: backend, strategies: { openid: openidStrategy() }, vault: 'shared' }),
)
const panel = createActor(appMachine.provide({ actors: { session } }))

const part = (id: string) => document.getElementById(id) as HTMLElement

/** Texts for users, by the reason. Other reasons have a general text. */
const TEXTS: Readonly<Record<string, string>> = {
  never: 'Please sign in.',
  user: 'You have signed out.',
  elsewhere: 'You have signed out in another tab.',
  accessRevoked: 'Your access has been withdrawn.',
}

/** Why the last login failed, or could not begin. */
let problem = ''

/** Shows the state of the machine. */
function show() {
  const snapshot = panel.getSnapshot()
  const { session } = snapshot.children
  if (!session) return
  const { user, reason, state } = selectSession(session.getSnapshot())
  const ended = reason && (problem || (TEXTS[reason] ?? 'Your session has ended. Please sign in again.'))
  const text = ended ?? `${user?.name ?? user?.email}, ${state}`
  part('status').textContent = snapshot.matches('starting') ? 'One moment…' : text
  part('login').hidden = !snapshot.matches('signedOut')
  part('panel').hidden = !snapshot.matches('signedIn')
  part('list').replaceChildren(
    ...snapshot.context.items.map((email) =>
      Object.assign(document.createElement('li'), { textContent: email }),
    ),
  )
}

function failed(error: unknown) {
  problem = loginErrorText(error)
  show()
}

panel.subscribe(show)
panel.start()
const logins = createOpenidLogins(sessionIn(panel.getSnapshot().children), { baseUrl: backend })
part('login').addEventListener('click', () => logins.signIn().catch(failed))
part('reload').addEventListener('click', () => panel.send({ type: 'page.reload' }))
part('logout').addEventListener('click', () => panel.send({ type: 'user.signOut' }))

// The page is back from the provider.
if (logins.isCallback()) await logins.handleCallback().catch(failed)
