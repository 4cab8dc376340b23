// panel.tsx
import { type FormEvent, useEffect, useState } from 'react'
import type { Session } from 'xstate-session'
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

export function Panel({ session }: { session: Session }) {
  return (
    <SessionProvider session={session}>
      <SessionGuard pending={<p>One moment…</p>} fallback={<Login />}>
        <SessionBar />
        <Users />
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

/** The only component that renders every second. */
function Countdown() {
  const seconds = useExpiryCountdown()
  return seconds === null ? null : <span>{seconds} s</span>
}

function Users() {
  const sessionFetch = useSessionFetch()
  const [names, setNames] = useState<string[]>()
  useEffect(() => {
    const controller = new AbortController()
    sessionFetch('/api/admin/users', { signal: controller.signal })
      .then((answer) => answer.json())
      .then(({ users }) => setNames(users.map((user: { email: string }) => user.email)))
      .catch(() => {}) // an ended session shows the fallback of the guard
    return () => controller.abort()
  }, [sessionFetch])
  return names ? (
    <ul>
      {names.map((name) => (
        <li key={name}>{name}</li>
      ))}
    </ul>
  ) : (
    <p>Loading…</p>
  )
}

function Login() {
  const session = useSessionClient()
  const reason = useReasonText()
  const [isWrong, setWrong] = useState(false)

  async function onSubmit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    const fields = Object.fromEntries(new FormData(event.currentTarget))
    const answer = await fetch('/session/login', {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-csrf': '1' },
      body: JSON.stringify(fields),
    })
    setWrong(!answer.ok)
    // With a second factor the answer is { next: 'twoFactor' }: ask for the code, post it to /session/login/2fa.
    if (answer.ok) await session.login(await answer.json(), { provider: 'bff' })
  }

  return (
    <form onSubmit={onSubmit}>
      <p>{reason}</p>
      <input name="email" type="email" required aria-label="Email" />
      <input name="password" type="password" required aria-label="Password" />
      <button type="submit">Sign in</button>
      {isWrong && <p role="alert">Email or password is wrong.</p>}
    </form>
  )
}
