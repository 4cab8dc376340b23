import { useNavigate, useSearch } from '@tanstack/react-router'
import { type FormEvent, useEffect, useRef, useState } from 'react'
import { useReasonText, useSession, useSessionClient, useUser } from 'xstate-session/react'
import { pageFetch } from './session.ts'

const ERRORS: Readonly<Record<string, string>> = {
  invalid_credentials: 'The e-mail address or the password is wrong.',
  invalid_code: 'The code is wrong.',
  login_expired: 'That took too long. Please start again.',
  rate_limited: 'Too many attempts. Please wait a moment.',
  forbidden: 'This account is not an administrator.',
  too_many_attempts: 'Too many wrong codes. Please start again.',
  backend_unavailable: 'The backend cannot be reached at the moment.',
  other_user:
    'Somebody else came back from the identity provider: that sign-in was refused, and you stay signed in.',
}
const textOf = (code: string) => ERRORS[code] ?? 'The sign-in did not work. Please try again.'

export function Login() {
  const { returnTo = '/users', error: given } = useSearch({ from: '/login' })
  const navigate = useNavigate()
  const session = useSessionClient()
  const user = useUser()
  const reason = useReasonText()
  const isFirst = useSession((state) => state.reason === 'never')
  const [step, setStep] = useState<'password' | 'twoFactor'>('password')
  /** Names the login that waits for its second factor: another tab may have one of its own. */
  const [attempt, setAttempt] = useState<string>()
  const [error, setError] = useState(given && textOf(given))
  const [isBusy, setBusy] = useState(false)
  const code = useRef<HTMLInputElement>(null)

  useEffect(() => {
    // What was refused is shown first.
    if (user && !given) navigate({ href: returnTo, replace: true })
  }, [user, given, navigate, returnTo])
  useEffect(() => {
    if (step === 'twoFactor') code.current?.focus()
  }, [step])

  async function send(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    const fields = Object.fromEntries(new FormData(event.currentTarget))
    setBusy(true)
    setError(undefined)
    try {
      const answer = await pageFetch(step === 'password' ? '/session/login' : '/session/login/2fa', {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-csrf': '1' },
        body: JSON.stringify({ ...fields, attempt }),
      })
      const body = await answer.json()
      if (!answer.ok) {
        if (['login_expired', 'too_many_attempts'].includes(body.error)) setStep('password')
        setError(textOf(body.error))
      } else if (body.next === 'twoFactor') {
        setAttempt(body.attempt)
        setStep('twoFactor')
      } else await session.login(body, { provider: 'bff' })
    } catch {
      setError(textOf('backend_unavailable'))
    } finally {
      setBusy(false)
    }
  }

  async function signInWithOpenid() {
    setError(undefined)
    try {
      const answer = await pageFetch('/session/openid/start', {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-csrf': '1' },
        body: JSON.stringify({ returnTo }),
      })
      const { location: there, error: refusal } = await answer.json()
      if (there) location.assign(there)
      else setError(textOf(refusal))
    } catch {
      setError(textOf('backend_unavailable'))
    }
  }

  if (user && given)
    return (
      <section className="card login" aria-labelledby="login-title">
        <h1 id="login-title">You are signed in</h1>
        <p className="error" role="alert">
          {textOf(given)}
        </p>
        <button type="button" onClick={() => navigate({ href: returnTo, replace: true })}>
          Go on as {user.name ?? user.email}
        </button>
      </section>
    )

  return (
    <section className="card login" aria-labelledby="login-title">
      <h1 id="login-title">Sign in</h1>
      {reason && !isFirst && (
        <p className="note" role="status">
          {reason}
        </p>
      )}
      {error && (
        <p className="error" role="alert">
          {error}
        </p>
      )}
      <form onSubmit={send}>
        {step === 'password' ? (
          <>
            <label>
              E-mail
              <input
                name="email"
                type="email"
                autoComplete="username"
                defaultValue="ada@local.example"
                required
              />
            </label>
            <label>
              Password
              <input
                name="password"
                type="password"
                autoComplete="current-password"
                defaultValue="demo-password"
                required
              />
            </label>
          </>
        ) : (
          <label>
            Code of your authenticator
            <input ref={code} name="code" inputMode="numeric" autoComplete="one-time-code" required />
          </label>
        )}
        <button type="submit" disabled={isBusy}>
          {isBusy ? 'Signing in…' : 'Sign in'}
        </button>
      </form>
      <p className="or">or</p>
      <button type="button" className="secondary" onClick={signInWithOpenid}>
        Sign in with OpenID
      </button>
      <p className="quiet">
        This is a demo: the form is filled in. <code>tom@local.example</code> needs a second factor, 123456.
        With OpenID choose Olga, who is an admin.
      </p>
    </section>
  )
}
