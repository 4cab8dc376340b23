// @vitest-environment jsdom
import { QueryClient } from '@tanstack/react-query'
import {
  type AuthProvider,
  CoreAdmin,
  type CoreLayoutProps,
  type DataProvider,
  HttpError,
  Resource,
  useGetIdentity,
  useGetList,
  useLogin,
  useLogout,
  usePermissions,
} from 'ra-core'
import { useEffect } from 'react'
import { describe, expect, expectTypeOf, onTestFinished, test, vi } from 'vitest'
import { SessionChanged } from 'xstate-session'
import { SessionProvider, useSession } from 'xstate-session/react'
import {
  type ReactAdminAuthProvider,
  reactAdminAuthProvider,
  reactAdminDataProvider,
  reactAdminHttpClient,
} from 'xstate-session/react-admin'
import { adminOf, ORIGIN, show } from './page.ts'

/** What an application writes: a data provider over the session's fetch, an auth provider, two pages. */
function panel(admin = adminOf()) {
  const { session } = admin
  const http = reactAdminHttpClient(session, (message, status, body) => new HttpError(message, status, body))
  const getList: DataProvider['getList'] = async (resource) => {
    const { json } = await http(`${ORIGIN}/api/admin/${resource}`)
    const { users } = json as { users: { id: string; email: string }[] }
    return { data: users as never[], total: users.length }
  }
  const dataProvider = reactAdminDataProvider(session, { getList } as DataProvider)
  const authProvider: AuthProvider = reactAdminAuthProvider(session, {
    login: () => admin.login(),
    textOf: (reason) => `ended: ${reason}`,
  })

  function Users() {
    const { data = [], error, refetch } = useGetList<{ id: string; email: string }>('users')
    const { identity } = useGetIdentity()
    const { permissions } = usePermissions()
    const logout = useLogout()
    return (
      <>
        <p>
          {identity?.fullName} is {String(permissions)}: {data.map(({ email }) => email).join()}
          {error && ` failed: ${String((error as { status?: number }).status ?? error)}`}
        </p>
        <button type="button" onClick={() => refetch()}>
          again
        </button>
        <button type="button" onClick={() => logout()}>
          logout
        </button>
      </>
    )
  }
  /** As the guide has it: the session tells at once that it has ended. */
  function Layout({ children }: CoreLayoutProps) {
    const logout = useLogout()
    const isEnded = useSession(({ reason }) => reason !== null)
    useEffect(() => {
      if (isEnded) logout()
    }, [isEnded, logout])
    return isEnded ? null : children
  }
  function Login() {
    const login = useLogin()
    return (
      <button type="button" onClick={() => login({})}>
        login
      </button>
    )
  }
  window.location.hash = '#/users'
  const page = show(
    <SessionProvider session={session}>
      <CoreAdmin
        queryClient={new QueryClient({ defaultOptions: { queries: { retry: false } } })}
        dataProvider={dataProvider}
        authProvider={authProvider}
        layout={Layout}
        loginPage={Login}
        requireAuth
      >
        <Resource name="users" list={Users} />
      </CoreAdmin>
    </SessionProvider>,
  )
  /** react-admin redirects to the login from a timer, more than once: who was faster than the last must click again. */
  const logIn = () =>
    expect
      .poll(
        async () => {
          if (page.text() === 'login') await page.click('login')
          return page.text()
        },
        { interval: 200 },
      )
      .toContain('@example.com')
  return { ...admin, page, dataProvider, logIn }
}

describe('react-admin', () => {
  test('a user logs in, reads, and logs out', async () => {
    const { page, session, logIn } = panel()
    await page.shows('login')
    await logIn()
    await page.shows(/admin.*: .*@example\.com/i)
    await page.click('logout')
    await page.shows(/^login$/)
    expect(session.getSnapshot()).toMatchObject({ state: 'loggedOut', reason: 'user' })
  })

  test('a bearer that ended is renewed, and nobody is logged out', async () => {
    const { page, backend, asked, logIn } = panel()
    await logIn()
    backend.expireBearers()
    await page.click('again')
    await expect.poll(() => asked.filter((one) => one.endsWith('/oauth/refresh')).length).toBe(1)
    await page.shows('@example.com')
  })

  test.each([403, 500, 401])('an answer of %d ends no session that lives', async (status) => {
    const { page, instead, session, logIn } = panel()
    await logIn()
    instead.set('/api/admin/users', () => Response.json({ message: 'no' }, { status }))
    await page.click('again')
    await page.shows(/@example\.com.*failed: \d+/)
    expect(session.getSnapshot().isAuthenticated).toBe(true)
  })

  test('a session that ended leads to the login page, and keeps its reason', async () => {
    const { page, backend, session, logIn } = panel()
    await logIn()
    for (const user of backend.users) user.admin = false
    backend.expireBearers()
    await page.click('again')
    await page.shows(/^login$/)
    expect(session.getSnapshot()).toMatchObject({ state: 'expired', reason: 'accessRevoked' })
  })

  test('U3: who logs in again at once, as a password manager does, is not logged out by what the end set off', async () => {
    const { page, backend, session, logIn } = panel()
    await logIn()
    for (const user of backend.users) user.admin = false
    backend.expireBearers()
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    onTestFinished(() => void vi.useRealTimers())
    await page.click('again')
    await expect.poll(() => session.getSnapshot().reason).not.toBeNull()
    await vi.advanceTimersByTimeAsync(1)
    for (const user of backend.users) user.admin = true
    await page.click('login')
    await expect.poll(() => session.getSnapshot().isAuthenticated).toBe(true)
    await vi.advanceTimersByTimeAsync(10_000)
    expect(session.getSnapshot()).toMatchObject({ state: 'active', reason: null })
    await page.shows('@example.com')
  })

  test('who is on the way to the login page is not sent there again', async () => {
    const { session } = adminOf()
    const authProvider = reactAdminAuthProvider(session, { login: async () => {} })
    await expect(authProvider.checkAuth()).rejects.toMatchObject({ message: false })
    vi.useFakeTimers()
    onTestFinished(() => void vi.useRealTimers())
    await authProvider.logout()
    const refused = vi.fn()
    authProvider.checkAuth().catch(refused)
    await vi.advanceTimersByTimeAsync(499)
    expect(refused).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(1)
    expect(refused).toHaveBeenCalled()
  })

  test('an answer for one user is not shown to the next', async () => {
    const { session, login, instead, asked, dataProvider } = panel()
    await login()
    let release = (_: Response) => {}
    instead.set('/api/admin/users', () => new Promise((resolve) => (release = resolve)))
    const late = dataProvider.getList('users', {})
    await expect.poll(() => asked.length).toBe(1)
    await login()
    release(Response.json({ users: [] }))
    await expect(late).rejects.toBeInstanceOf(SessionChanged)
    expect(session.getSnapshot().epoch).toBe(2)
  })

  test('the types are those of react-admin', () => {
    expectTypeOf<ReactAdminAuthProvider>().toExtend<AuthProvider>()
  })
})
