import {
  Authenticated,
  type DataProvider,
  Refine,
  useGetIdentity,
  useInvalidateAuthStore,
  useList,
  useLogin,
  useLogout,
  useOne,
  useParsed,
} from '@refinedev/core'
import { type FormEvent, useEffect, useState } from 'react'
import { createRoot } from 'react-dom/client'
import { BrowserRouter, Link, Navigate, Outlet, Route, Routes } from 'react-router'
import { reasonTexts, SessionProvider, useAccountKey, useReasonText, useSession } from 'xstate-session/react'
import { refineAuthProvider } from 'xstate-session/refine'
import { retryUnlessEnded } from 'xstate-session/tanstack-query'
import { routerProvider } from './routerProvider.ts'
import { failedLogin, logIn, logInWithOpenid, session } from './session.ts'

const authProvider = refineAuthProvider(session, {
  async login(fields) {
    await logIn(fields)
    return undefined // refine then shows the page that the user wanted, or `homePath`
  },
  homePath: '/users',
  textOf: (reason) => reasonTexts[reason],
})

async function read(resource: string) {
  const answer = await session.fetch(`/api/admin/${resource}`)
  if (!answer.ok) throw Object.assign(new Error('The backend refuses.'), { statusCode: answer.status })
  return answer.json()
}
const api: Partial<DataProvider> = {
  async getList({ resource }) {
    const { [resource]: data } = await read(resource)
    return { data, total: data.length }
  },
  async getOne({ resource }) {
    return { data: await read(resource) }
  },
}

/** Surrounds every page. refine looks at a navigation and at an error; this component follows the session at once. */
function Frame() {
  const { data: identity } = useGetIdentity<{ name: string }>()
  const { mutate: logout } = useLogout()
  const invalidate = useInvalidateAuthStore()
  const isEnded = useSession(({ reason }) => reason !== null)
  useEffect(() => {
    if (isEnded) invalidate()
  }, [isEnded, invalidate])
  if (isEnded) return null
  return (
    <>
      <nav>
        <Link to="/users">Users</Link> <Link to="/settings">Settings</Link>
      </nav>
      <p>
        {identity?.name}{' '}
        <button type="button" onClick={() => logout()}>
          Sign out
        </button>
      </p>
      <Outlet />
    </>
  )
}

function Users() {
  const { result, query } = useList<{ id: string; email: string }>({ resource: 'users' })
  return (
    <>
      <h1>Users</h1>
      <button type="button" onClick={() => query.refetch()}>
        Reload
      </button>
      {query.isError && <p role="alert">{query.error.message}</p>}
      <ul>
        {result.data.map(({ id, email }) => (
          <li key={id}>{email}</li>
        ))}
      </ul>
    </>
  )
}

function Settings() {
  const { result } = useOne<{ id: string; registration: string }>({ resource: 'settings', id: 'settings' })
  return (
    <>
      <h1>Settings</h1>
      {result && <p>registration: {result.registration}</p>}
    </>
  )
}

function Login() {
  const { mutate: login, data } = useLogin<object>()
  const { params } = useParsed<{ to?: string }>()
  const isSignedIn = useSession(({ isAuthenticated }) => isAuthenticated)
  const reason = useReasonText()
  const [problem, setProblem] = useState(failedLogin)
  const returnTo = params?.to ?? '/users'

  function send(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    setProblem('') // refine reports this login
    login(Object.fromEntries(new FormData(event.currentTarget)))
  }

  if (isSignedIn) return <Navigate to={returnTo} replace /> // the user logged in, here or in another tab
  return (
    <form method="post" onSubmit={send}>
      <p role="status">{reason}</p>
      {(problem || data?.error) && <p role="alert">{problem || data?.error?.message}</p>}
      <label>
        E-mail <input name="email" type="email" autoComplete="username" required />
      </label>
      <label>
        Password <input name="password" type="password" autoComplete="current-password" required />
      </label>
      <button type="submit">Sign in</button>
      <button
        type="button"
        onClick={() => logInWithOpenid(returnTo).catch(({ message }) => setProblem(message))}
      >
        Sign in with OpenID
      </button>
    </form>
  )
}

/** When another account takes over, the key changes, and refine starts again without the data of this user. */
function Panel() {
  return (
    <Refine
      key={useAccountKey()}
      authProvider={authProvider}
      dataProvider={api as DataProvider}
      routerProvider={routerProvider}
      resources={[
        { name: 'users', list: '/users' },
        { name: 'settings', list: '/settings' },
      ]}
      options={{
        disableTelemetry: true,
        reactQuery: { clientConfig: { defaultOptions: { queries: { retry: retryUnlessEnded } } } },
      }}
    >
      <Routes>
        <Route
          element={
            <Authenticated key="panel" loading={<p>One moment…</p>} redirectOnFail="/login">
              <Frame />
            </Authenticated>
          }
        >
          <Route index element={<Navigate to="/users" replace />} />
          <Route path="/users" element={<Users />} />
          <Route path="/settings" element={<Settings />} />
        </Route>
        <Route path="/login" element={<Login />} />
      </Routes>
    </Refine>
  )
}

const container = document.getElementById('panel')
if (container)
  createRoot(container).render(
    <SessionProvider session={session}>
      <BrowserRouter>
        <Panel />
      </BrowserRouter>
    </SessionProvider>,
  )
