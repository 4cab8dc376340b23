// panel.tsx
import { type FormEvent, useCallback, useEffect, useState } from 'react'
import { type BffSession, loginErrorText } from 'xstate-session/bff'
import {
  SessionGuard,
  SessionProvider,
  useExpiryCountdown,
  useLogout,
  useReasonText,
  useSession,
  useSessionClient,
  useSessionFetch,
  useStaySignedIn,
  useUser,
} from 'xstate-session/react'

export interface PanelProps {
  session: BffSession
  /** The path of this page: server and browser must pass the same. */
  path: string
}

export function Panel({ session, path }: PanelProps) {
  return (
    <SessionProvider session={session}>
      <SessionGuard pending={<p>One moment…</p>} fallback={<Login returnTo={path} />}>
        <SessionBar />
        {path === '/settings' ? <Settings /> : <Users />}
      </SessionGuard>
    </SessionProvider>
  )
}

function SessionBar() {
  const user = useUser()
  const state = useSession((session) => session.state)
  const logout = useLogout()
  return (
    <header>
      <nav>
        <a href="/users">Users</a> <a href="/settings">Settings</a>
      </nav>
      {user?.email}
      {state === 'nearingExpiry' && <ExpiryWarning />}
      {state === 'retrying' && <p role="status">Reconnecting…</p>}
      <button type="button" disabled={logout.isPending} onClick={logout.mutate}>
        Sign out
      </button>
    </header>
  )
}

function ExpiryWarning() {
  const stay = useStaySignedIn()
  return (
    <div role="alert">
      Your session is about to end. <Countdown />
      <button type="button" disabled={stay.isPending} onClick={stay.mutate}>
        Stay signed in
      </button>
      {stay.error && <p>That did not work yet ({stay.error.code}).</p>}
    </div>
  )
}

/** Only this component renders every second. */
function Countdown() {
  const seconds = useExpiryCountdown()
  return seconds === null ? null : <span>{seconds} s</span>
}

/** The data of `resource`, and `load` to load it again. */
function useAdmin<Data>(resource: string) {
  const sessionFetch = useSessionFetch()
  const [data, setData] = useState<Data>()
  const [error, setError] = useState('')
  const load = useCallback(
    async (signal: AbortSignal | null) => {
      try {
        const answer = await sessionFetch(`/api/admin/${resource}`, { signal })
        if (answer.ok) setData(await answer.json())
        setError(answer.ok ? '' : `The backend answered ${answer.status}.`)
      } catch (error) {
        if (signal?.aborted) return
        console.error(error)
        setError('The data could not be loaded.') // if the session ended, the guard shows its fallback instead
      }
    },
    [sessionFetch, resource],
  )
  useEffect(() => {
    const controller = new AbortController()
    load(controller.signal)
    return () => controller.abort()
  }, [load])
  return { data, error, load }
}

function Users() {
  const { data, error, load } = useAdmin<{ users: { id: string; email: string }[] }>('users')
  return (
    <>
      <h1>Users</h1>
      <button type="button" onClick={() => load(null)}>
        Reload
      </button>
      {error && <p role="alert">{error}</p>}
      <ul>
        {data?.users.map(({ id, email }) => (
          <li key={id}>{email}</li>
        ))}
      </ul>
    </>
  )
}

function Settings() {
  const { data } = useAdmin<{ registration: string }>('settings')
  return (
    <>
      <h1>Settings</h1>
      {data && <p>registration: {data.registration}</p>}
    </>
  )
}

function Login({ returnTo }: { returnTo: string }) {
  const session = useSessionClient<BffSession>()
  const reason = useReasonText()
  const [needsCode, setNeedsCode] = useState(false)
  const [problem, setProblem] = useState('')
  useEffect(() => {
    const error = new URLSearchParams(location.search).get('error') // a login at the provider has failed
    if (error) setProblem(loginErrorText(error))
  }, [])

  const failed = (error: { reason?: string }) => {
    setNeedsCode(error.reason === 'invalid_code')
    setProblem(loginErrorText(error))
  }

  async function onSubmit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    const fields = new FormData(event.currentTarget)
    const { next } = await (needsCode ? session.secondFactor(fields) : session.login(fields))
    setNeedsCode(next === 'twoFactor')
  }

  return (
    // "post": a browser that sends the form before the page's script runs writes no password into the address.
    <form method="post" onSubmit={(event) => onSubmit(event).catch(failed)}>
      <p>{reason}</p>
      {needsCode ? (
        <input name="code" autoComplete="one-time-code" required aria-label="Code" />
      ) : (
        <>
          <input name="email" type="email" autoComplete="username" required aria-label="Email" />
          <input
            name="password"
            type="password"
            autoComplete="current-password"
            required
            aria-label="Password"
          />
        </>
      )}
      <button type="submit">Sign in</button>
      <button type="button" onClick={() => session.loginWithRedirect({ returnTo }).catch(failed)}>
        Sign in with OpenID
      </button>
      {problem && <p role="alert">{problem}</p>}
    </form>
  )
}
