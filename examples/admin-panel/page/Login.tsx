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
  backend_unavailable: 'The backend cannot be reached at the moment.',
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
  const [error, setError] = useState(given && textOf(given))
  const [isBusy, setBusy] = useState(false)
  const code = useRef<HTMLInputElement>(null)

  useEffect(() => {
    if (user) navigate({ href: returnTo, replace: true })
  }, [user, navigate, returnTo])
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
        body: JSON.stringify(fields),
      })
      const body = await answer.json()
      if (!answer.ok) {
        if (body.error === 'login_expired') setStep('password')
        setError(textOf(body.error))
      } else if (body.next === 'twoFactor') setStep('twoFactor')
      else await session.login(body, { provider: 'bff' })
    } catch {
      setError(textOf('backend_unavailable'))
    } finally {
      setBusy(false)
    }
  }

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
      <a className="button secondary" href={`/session/openid/start?returnTo=${encodeURIComponent(returnTo)}`}>
        Sign in with OpenID
      </a>
      <p className="quiet">
        This is a demo: the form is filled in. <code>tom@local.example</code> needs a second factor, 123456.
        With OpenID choose Olga, who is an admin.
      </p>
    </section>
  )
}
