// @vitest-environment jsdom
import { onlineManager, QueryClient, QueryClientProvider, useQuery } from '@tanstack/react-query'
import {
  createMemoryHistory,
  createRootRoute,
  createRoute,
  createRouter,
  Outlet,
  RouterProvider,
  redirect,
} from '@tanstack/react-router'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { SessionExpired } from 'xstate-session'
import { connectQueryClient, retryUnlessEnded } from 'xstate-session/tanstack-query'
import { connectRouter, requireSession } from 'xstate-session/tanstack-router'
import { adminOf, ORIGIN, show } from './page.ts'

function panel() {
  const admin = adminOf()
  const { session } = admin
  const queryClient = new QueryClient({
    defaultOptions: { queries: { retry: retryUnlessEnded, retryDelay: 1 } },
  })
  onTestFinished(connectQueryClient(session, { queryClient, onlineManager }))

  function Users() {
    const { data, error, fetchStatus, refetch } = useQuery({
      queryKey: ['users'],
      queryFn: async () => {
        const answer = await session.fetch(`${ORIGIN}/api/admin/users`)
        if (!answer.ok) throw new Error(String(answer.status))
        const { users } = (await answer.json()) as { users: { email: string }[] }
        return `${session.getSnapshot().user?.id} sees ${users.length}`
      },
    })
    return (
      <>
        <p>
          {data ?? 'nothing'} {fetchStatus} {error?.message}
        </p>
        <button type="button" onClick={() => void refetch()}>
          again
        </button>
      </>
    )
  }
  const page = () =>
    show(
      <QueryClientProvider client={queryClient}>
        <Users />
      </QueryClientProvider>,
    )
  return { ...admin, page, queryClient }
}

describe('TanStack Query', () => {
  test('an ended session costs one try of each query, not four', async () => {
    const { page, login, session, asked, backend } = panel()
    await login()
    const shown = page()
    await shown.shows(/sees 3 idle/)
    for (const user of backend.users) user.admin = false
    backend.expireBearers()
    const before = asked.length
    await shown.click('again')
    await shown.shows(/idle The session has expired \(accessRevoked\)/)
    expect(asked.slice(before)).toEqual(['GET /api/admin/users', 'POST /api/admin/oauth/refresh'])
    expect(session.getSnapshot().state).toBe('expired')
  })

  test('other failures are tried three times more', () => {
    const tries = (error: Error) => [0, 1, 2, 3].filter((count) => retryUnlessEnded(count, error))
    expect(tries(new Error('500'))).toEqual([0, 1, 2])
    expect(tries(new SessionExpired('idle'))).toEqual([])
  })

  test('while the session has no bearer and keeps trying, queries pause; then they go on', async () => {
    const { page, login, session, clock, instead } = panel()
    await login()
    const shown = page()
    await shown.shows(/sees 3 idle/)
    instead.set('/api/admin/oauth/refresh', () => Response.json({}, { status: 503 }))
    clock.advance(24 * 3_600_000)
    await expect.poll(() => session.getSnapshot()).toMatchObject({ state: 'retrying', isUsable: false })
    await shown.click('again')
    await shown.shows(/sees 3 paused/)
    instead.clear()
    await expect
      .poll(() => {
        clock.advance(10_000)
        return session.getSnapshot().state
      })
      .toBe('active')
    await shown.shows(/sees 3 idle/)
  })

  test('U42: that the browser is offline pauses them, until a renewal shows that it is not', async () => {
    const { page, login, session } = panel()
    await login()
    const shown = page()
    await shown.shows(/sees 3 idle/)
    onTestFinished(() => void window.dispatchEvent(new Event('online')))
    window.dispatchEvent(new Event('offline'))
    await shown.click('again')
    await shown.shows(/sees 3 paused/)
    await session.refresh()
    await shown.shows(/sees 3 idle/)
  })

  test('U42: what the browser says of itself at the start is not believed', async () => {
    vi.spyOn(navigator, 'onLine', 'get').mockReturnValue(false)
    onTestFinished(() => void vi.restoreAllMocks())
    const { page, login } = panel()
    await login()
    await page().shows(/sees 3 idle/)
  })

  test('a logout leaves nothing of the cache', async () => {
    const { page, login, session, queryClient } = panel()
    await login()
    await page().shows(/sees 3/)
    await session.logout()
    await expect.poll(() => queryClient.getQueryCache().getAll().length).toBe(0)
  })

  test('the next user sees nothing of the one before', async () => {
    const { page, login, queryClient, backend, instead } = panel()
    const [ada, olga] = backend.users
    await login(olga?.id)
    queryClient.setQueryData(['secret'], 'of Olga')
    const shown = page()
    await shown.shows(`${olga?.id} sees 3`)
    // What was under way for her does not arrive.
    let release = (_: Response) => {}
    instead.set('/api/admin/users', () => new Promise((resolve) => (release = resolve)))
    await shown.click('again')
    await shown.shows('fetching')
    const late = release
    instead.clear()
    backend.users.push({ ...(olga as NonNullable<typeof olga>), id: 'zoe', email: 'zoe@example.com' })
    await login('zoe')
    late(Response.json({ users: [] }))
    await shown.shows('zoe sees 4')
    expect(queryClient.getQueryData(['secret'])).toBeUndefined()
    expect(ada).toBeDefined()
  })

  test('an expired session keeps the cache for its user', async () => {
    const { page, login, backend, session, queryClient } = panel()
    await login()
    const shown = page()
    await shown.shows(/sees 3/)
    for (const user of backend.users) user.admin = false
    backend.expireBearers()
    await shown.click('again')
    await shown.shows('expired')
    expect(session.getSnapshot().state).toBe('expired')
    expect(queryClient.getQueryData(['users'])).toMatch('sees 3')
  })
})

describe('TanStack Router', () => {
  function routed(path: string) {
    const admin = adminOf()
    const rootRoute = createRootRoute({ component: Outlet })
    const login = createRoute({
      getParentRoute: () => rootRoute,
      path: '/login',
      validateSearch: (search) => ({ returnTo: String(search.returnTo ?? '/') }),
      component: () => <p>log in, then {login.useSearch().returnTo}</p>,
    })
    const users = createRoute({
      getParentRoute: () => rootRoute,
      path: '/users',
      beforeLoad: requireSession(admin.session, {
        toLogin: (returnTo) => redirect({ to: '/login', search: { returnTo } }),
      }),
      component: () => <p>the users</p>,
    })
    const router = createRouter({
      routeTree: rootRoute.addChildren([login, users]),
      history: createMemoryHistory({ initialEntries: [path] }),
    })
    return { ...admin, page: () => show(<RouterProvider router={router} />) }
  }

  test('who is nobody goes to the login page, which knows the way back', async () => {
    await routed('/users?page=2#row-7').page().shows('log in, then /users?page=2#row-7')
  })

  test('who is logged in passes', async () => {
    const { login, page } = routed('/users')
    await login()
    await page().shows('the users')
  })

  test('U3: what loaders brought for one user is neither shown to the next nor kept', async () => {
    const { session, login, backend, clock } = adminOf()
    await login()
    const first = session.getSnapshot().user?.id ?? ''
    let late: Promise<unknown> = Promise.resolve()
    const loads = async () => {
      const { user } = session.getSnapshot()
      await late
      return user?.id
    }
    const rootRoute = createRootRoute({ component: Outlet })
    const common = { getParentRoute: () => rootRoute, loader: loads, gcTime: 60_000 } as const
    const one = createRoute({ ...common, path: '/one', component: () => <p>one {one.useLoaderData()}</p> })
    const two = createRoute({ ...common, path: '/two', component: () => <p>two {two.useLoaderData()}</p> })
    const router = createRouter({
      routeTree: rootRoute.addChildren([one, two]),
      history: createMemoryHistory({ initialEntries: ['/one'] }),
      defaultStaleTime: 60_000,
      defaultPendingMs: 0,
      defaultPendingComponent: () => <p>wait</p>,
    })
    onTestFinished(connectRouter(session, router))
    const shown = show(<RouterProvider router={router} />)
    await shown.shows(`one ${first}`)
    router.history.push('/two')
    await shown.shows(`two ${first}`)

    let arrive = () => {}
    late = new Promise<void>((resolve) => {
      arrive = resolve
    })
    const other = backend.users.find(({ id }) => id !== first)?.id ?? ''
    clock.advance(1_000)
    await login(other)
    await shown.shows('wait')
    arrive()
    await shown.shows(`two ${other}`)
    router.history.push('/one')
    await shown.shows(`one ${other}`)
  })
})
