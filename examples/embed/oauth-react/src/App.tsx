// App.tsx
import { useCallback, useEffect, useState } from 'react'
import { SessionProvider, useAccountKey, useLogout, useSessionFetch, useUser } from 'xstate-session/react'
import { SignInGuard } from 'xstate-session/react-logins'
import { logins, session } from './session.ts'

export default function App() {
  return (
    <SessionProvider session={session}>
      <SignInGuard logins={logins} provider="provider" pending={<p>One moment…</p>}>
        <Panel />
      </SignInGuard>
    </SessionProvider>
  )
}

function Panel() {
  const user = useUser()
  const logout = useLogout()
  const key = useAccountKey() // the next user must not see this user's data
  return (
    <main>
      <p>{user?.name}</p>
      <button type="button" disabled={logout.isPending} onClick={logout.mutate}>
        Sign out
      </button>
      <Orders key={key} />
    </main>
  )
}

function Orders() {
  const sessionFetch = useSessionFetch()
  const [orders, setOrders] = useState<string[]>([])
  const [error, setError] = useState('')
  const load = useCallback(
    async (signal: AbortSignal | null) => {
      try {
        const answer = await sessionFetch('/api/orders', { signal })
        if (answer.ok) setOrders(await answer.json())
        setError(answer.ok ? '' : `The API answered ${answer.status}.`)
      } catch (error) {
        if (signal?.aborted || !session.getSnapshot().isAuthenticated) return // the guard says why
        console.error(error)
        setError('The orders could not be loaded.')
      }
    },
    [sessionFetch],
  )
  useEffect(() => {
    const controller = new AbortController()
    load(controller.signal)
    return () => controller.abort()
  }, [load])
  return (
    <>
      <button type="button" onClick={() => load(null)}>
        Reload
      </button>
      {error && <p role="alert">{error}</p>}
      <ul>
        {orders.map((order) => (
          <li key={order}>{order}</li>
        ))}
      </ul>
    </>
  )
}
