// panel.tsx
import { createRoot } from 'react-dom/client'
import type { Session } from 'xstate-session'
import { SessionProvider, useSession, useUser } from 'xstate-session/react'

function Panel() {
  const user = useUser()
  const reason = useSession((state) => state.reason)
  return user && reason === null ? <h1>Users, for {user.id}</h1> : <h1>Sign in</h1>
}

/** Opens the panel, and answers what closes it. */
export function openPanel(session: Session): () => void {
  const root = createRoot(document.body.appendChild(document.createElement('main')))
  root.render(
    <SessionProvider session={session}>
      <Panel />
    </SessionProvider>,
  )
  return () => {
    root.unmount()
    document.body.replaceChildren()
  }
}
