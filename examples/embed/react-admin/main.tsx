// main.tsx
import {
  CoreAdmin,
  type CoreLayoutProps,
  type DataProvider,
  HttpError,
  localStorageStore,
  Resource,
  useGetIdentity,
  useGetList,
  useGetOne,
  useLogin,
  useLogout,
  useRedirect,
} from 'ra-core'
import { type FormEvent, useEffect, useState } from 'react'
import { createRoot } from 'react-dom/client'
import { reasonTexts, SessionProvider, useAccountKey, useReasonText, useSession } from 'xstate-session/react'
import {
  reactAdminAuthProvider,
  reactAdminDataProvider,
  reactAdminHttpClient,
  reactAdminStore,
} from 'xstate-session/react-admin'
import { failedLogin, logIn, logInWithOpenid, session } from './session.ts'

const authProvider = reactAdminAuthProvider(session, {
  login: logIn,
  textOf: (reason) => reasonTexts[reason],
})

const http = reactAdminHttpClient(session, (message, status, body) => new HttpError(message, status, body))
// You can also use a data provider of react-admin, which takes `http` as its second argument.
const api: Partial<DataProvider> = {
  async getList(resource) {
    const { json } = await http(`/api/admin/${resource}`)
    const { [resource]: data = [] } = json as Record<string, never[]>
    return { data, total: data.length }
  },
  async getOne(resource) {
    const { json } = await http(`/api/admin/${resource}`)
    return { data: { id: resource, ...(json as object) } as never }
  },
}
const dataProvider = reactAdminDataProvider(session, api as DataProvider)
/** The next user does not get the filters and selections of this user. */
const store = reactAdminStore(session, localStorageStore())

/** Surrounds every page. react-admin looks at a navigation and at an error; this component follows the session at once. */
function Layout({ children }: CoreLayoutProps) {
  const { identity } = useGetIdentity()
  const logout = useLogout()
  const isEnded = useSession(({ reason }) => reason !== null)
  useEffect(() => {
    if (isEnded) logout()
  }, [isEnded, logout])
  if (isEnded) return null
  return (
    <>
      <nav>
        <a href="#/users">Users</a> <a href="#/settings">Settings</a>
      </nav>
      <p>
        {identity?.fullName}{' '}
        <button type="button" onClick={() => logout()}>
          Sign out
        </button>
      </p>
      {children}
    </>
  )
}

function Users() {
  const { data = [], error, refetch } = useGetList<{ id: string; email: string }>('users')
  return (
    <>
      <h1>Users</h1>
      <button type="button" onClick={() => refetch()}>
        Reload
      </button>
      {error && <p role="alert">{error.message}</p>}
      <ul>
        {data.map(({ id, email }) => (
          <li key={id}>{email}</li>
        ))}
      </ul>
    </>
  )
}

function Settings() {
  const { data } = useGetOne<{ id: string; registration: string }>('settings', { id: 'settings' })
  return (
    <>
      <h1>Settings</h1>
      {data && <p>registration: {data.registration}</p>}
    </>
  )
}

function Login() {
  const login = useLogin()
  const redirect = useRedirect()
  const reason = useReasonText()
  const isSignedIn = useSession(({ isAuthenticated }) => isAuthenticated)
  const [error, setError] = useState(failedLogin)
  useEffect(() => {
    if (isSignedIn) redirect('/') // the user logged in in another tab
  }, [isSignedIn, redirect])

  const show = ({ message }: Error) => setError(message)

  function send(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    const fields = Object.fromEntries(new FormData(event.currentTarget))
    // react-admin then shows the page that the user wanted.
    login(fields).catch(show)
  }

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
      <button type="button" onClick={() => logInWithOpenid('/').catch(show)}>
        Sign in with OpenID
      </button>
    </form>
  )
}

/** When another account takes over, the key changes, and react-admin starts again without the data of this user. */
function Panel() {
  return (
    <CoreAdmin
      key={useAccountKey()}
      authProvider={authProvider}
      dataProvider={dataProvider}
      store={store}
      disableTelemetry
      layout={Layout}
      loginPage={Login}
      requireAuth
    >
      <Resource name="users" list={Users} />
      <Resource name="settings" list={Settings} />
    </CoreAdmin>
  )
}

const container = document.getElementById('panel')
if (container)
  createRoot(container).render(
    <SessionProvider session={session}>
      <Panel />
    </SessionProvider>,
  )
