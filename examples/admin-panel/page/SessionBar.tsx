import { useExpiryCountdown, useLogout, useSession, useStaySignedIn, useUser } from 'xstate-session/react'

/** Who is logged in, what the session is doing, and until when the bearer is good. */
export function SessionBar() {
  const user = useUser()
  const state = useSession((session) => session.state)
  const stay = useStaySignedIn()
  const logout = useLogout()
  if (!user) return null
  return (
    <section className="session-bar" aria-label="Session">
      <span className="avatar" aria-hidden="true">
        {(user.name ?? '?').slice(0, 1)}
      </span>
      <span className="who">
        <strong>{user.name}</strong>
        <small>{user.email}</small>
      </span>
      <span className={`pill ${state}`} data-testid="state">
        {state}
      </span>
      <Countdown />
      <button type="button" className="quiet-button" disabled={stay.isPending} onClick={stay.mutate}>
        {stay.isPending ? 'Renewing…' : 'Stay signed in'}
      </button>
      <button type="button" className="quiet-button" disabled={logout.isPending} onClick={logout.mutate}>
        Sign out
      </button>
      {stay.error?.code === 'refresh_unavailable' && (
        <span role="status" className="note">
          Cannot renew at the moment; it keeps trying.
        </span>
      )}
    </section>
  )
}

/** Apart, because it renders every second. */
function Countdown() {
  const seconds = useExpiryCountdown()
  const version = useSession((session) => session.version)
  return (
    <span className="countdown" role="timer" aria-live="off">
      <small>bearer no. {version}</small>
      <span>
        {seconds === null ? '–' : `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`}
      </span>
    </span>
  )
}
