import { useNavigate, useSearch } from '@tanstack/react-router'
import { type FormEvent, useEffect, useRef, useState } from 'react'
import { LoginRefused } from 'xstate-session'
import { loginErrorText } from 'xstate-session/bff'
import { useReasonText, useSession, useUser } from 'xstate-session/react'
import { isAtProvider, session } from './session.ts'

/** What is said otherwise here. */
const TEXTS = {
  forbidden: 'This account is not an administrator.',
  backend_unrecognized: 'The backend is not set up correctly: nobody can sign in. Please tell its operator.',
}
const textOf = (error: unknown) => loginErrorText(error, TEXTS)

export function Login() {
  const { returnTo = '/users', error: given } = useSearch({ from: '/login' })
  const navigate = useNavigate()
  const user = useUser()
  const reason = useReasonText()
  const isFirst = useSession((state) => state.reason === 'never')
  const [step, setStep] = useState<'password' | 'twoFactor'>('password')
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
    const fields = new FormData(event.currentTarget)
    setBusy(true)
    setError(undefined)
    try {
      const { next } = await (step === 'password' ? session.login(fields) : session.secondFactor(fields))
      if (next) setStep(next)
    } catch (error) {
      const code = error instanceof LoginRefused ? error.reason : 'unavailable'
      if (['login_expired', 'too_many_attempts'].includes(code)) setStep('password')
      setError(textOf(error))
    } finally {
      setBusy(false)
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
      {!isAtProvider && (
        <>
          <form method="post" onSubmit={send}>
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
        </>
      )}
      <button
        type="button"
        className={isAtProvider ? 'first' : 'secondary'}
        onClick={() => session.loginWithRedirect({ returnTo }).catch((error) => setError(textOf(error)))}
      >
        Sign in with OpenID
      </button>
      <p className="quiet">
        {isAtProvider ? (
          'This is a demo: choose Ada, Bob or Olga at the provider.'
        ) : (
          <>
            This is a demo: the form is filled in. <code>tom@local.example</code> needs a second factor,
            123456. With OpenID choose Olga, who is an admin.
          </>
        )}
      </p>
    </section>
  )
}
