import { useQuery } from '@tanstack/react-query'
import {
  createRootRoute,
  createRoute,
  createRouter,
  Link,
  Navigate,
  Outlet,
  redirect,
} from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { isOwnPath } from 'xstate-session/browser'
import { SessionGuard, useLogout, useReasonText, useUser } from 'xstate-session/react'
import { requireSession } from 'xstate-session/tanstack-router'
import { failedLogin, logIn, logInWithOpenid, session } from './session.ts'

const rootRoute = createRootRoute({ component: Outlet })

const login = createRoute({
  getParentRoute: () => rootRoute,
  path: '/login',
  component: Login,
  // Any link can write this address. Return the key in every case: the router keeps the unchecked value of a missing key.
  validateSearch: ({ returnTo }): { returnTo?: string | undefined } => ({
    returnTo: isOwnPath(returnTo) ? returnTo : undefined,
  }),
})

/** Every page below is for users who are logged in. Others go to the login, which leads back afterwards. */
const admin = createRoute({
  getParentRoute: () => rootRoute,
  id: 'admin',
  component: Frame,
  beforeLoad: requireSession(session, {
    toLogin: (returnTo) => redirect({ to: '/login', search: { returnTo } }),
  }),
})
const home = createRoute({
  getParentRoute: () => admin,
  path: '/',
  component: () => <Navigate to="/users" />,
})
const users = createRoute({ getParentRoute: () => admin, path: '/users', component: Users })
const settings = createRoute({ getParentRoute: () => admin, path: '/settings', component: Settings })

export const router = createRouter({
  routeTree: rootRoute.addChildren([login, admin.addChildren([home, users, settings])]),
})

/** Hides its pages at once when the session ends. The router follows a moment later. */
function Frame() {
  const user = useUser()
  const logout = useLogout()
  return (
    <SessionGuard>
      <nav>
        <Link to="/users">Users</Link> <Link to="/settings">Settings</Link>
      </nav>
      <p>
        {user?.name}{' '}
        <button type="button" onClick={logout.mutate}>
          Sign out
        </button>
      </p>
      <Outlet />
    </SessionGuard>
  )
}

function useAdmin<Data>(resource: string) {
  return useQuery({
    queryKey: [resource],
    async queryFn({ signal }): Promise<Data> {
      const answer = await session.fetch(`/api/admin/${resource}`, { signal })
      if (!answer.ok) throw new Error(`The backend answered ${answer.status}.`)
      return answer.json()
    },
  })
}

function Users() {
  const { data, error, fetchStatus, refetch } = useAdmin<{ users: { id: string; email: string }[] }>('users')
  return (
    <>
      <h1>Users</h1>
      <button type="button" onClick={() => refetch()}>
        Reload
      </button>
      {error && <p role="alert">{error.message}</p>}
      {fetchStatus === 'paused' && <p role="status">Waiting for the session…</p>}
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

function Login() {
  const { returnTo = '/users' } = login.useSearch()
  const reason = useReasonText()
  const user = useUser()
  const [error, setError] = useState(failedLogin)

  const show = ({ message }: Error) => setError(message)

  function send(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    logIn(Object.fromEntries(new FormData(event.currentTarget))).catch(show)
  }

  if (user) return <Navigate to={returnTo} replace /> // the user logged in, here or in another tab
  return (
    <form method="post" onSubmit={send}>
      <p role="status">{reason}</p>
      {error && <p role="alert">{error}</p>}
      <label>
        E-mail <input name="email" type="email" autoComplete="username" required />
      </label>
      <label>
        Password <input name="password" type="password" autoComplete="current-password" required />
      </label>
      <button type="submit">Sign in</button>
      <button type="button" onClick={() => logInWithOpenid(returnTo).catch(show)}>
        Sign in with OpenID
      </button>
    </form>
  )
}
