// @vitest-environment jsdom

import {
  Refine,
  useList,
  useLogout,
  useGetIdentity as useRefineIdentity,
  usePermissions as useRefinePermissions,
} from '@refinedev/core'
import { QueryClient, QueryClientProvider, useMutation, useQuery } from '@tanstack/react-query'
import {
  CoreAdmin,
  type DataProvider,
  localStorageStore,
  memoryStore,
  Resource,
  useDelete,
  useGetIdentity,
  useGetList,
  usePermissions,
  useStore,
  useTakeUndoableMutation,
} from 'ra-core'
import { type ReactNode, useState } from 'react'
import { MemoryRouter } from 'react-router'
import { expect, onTestFinished, test } from 'vitest'
import { SessionProvider, useAccountKey } from 'xstate-session/react'
import { reactAdminAuthProvider, reactAdminDataProvider, reactAdminStore } from 'xstate-session/react-admin'
import { refineAuthProvider } from 'xstate-session/refine'
import { connectQueryClient, retryUnlessEnded } from 'xstate-session/tanstack-query'
import { type Behind, behind, loginOf } from '../bff/fixture.ts'
import { show } from './page.ts'

const person = (id: string, role: string) => ({ id, name: id, role })
const asAda = { user: person('ada', 'ADMIN'), login: loginOf('A'), epoch: 5, version: 1 }
const asBob = { user: person('bob', 'USER'), login: loginOf('B'), epoch: 6, version: 1 }

/** A page of Ada. */
async function pageOfAda() {
  const page = behind()
  page.server.session = asAda
  await page.found()
  const { session } = page
  const callAs = async (path: string, method = 'GET') => {
    const answer = await session.fetch(path, { method })
    return ((await answer.json()) as { as: string }).as
  }
  return { ...page, callAs }
}

/** In another window Bob logs in. This page learns of it by its next call, or as soon as somebody looks at it. */
async function bobLogsIn(page: Behind, how: 'by a call' | 'by a look') {
  page.server.session = asBob
  if (how === 'by a look') page.wake()
  else await page.session.fetch('/api/poll').catch(() => {})
  await expect.poll(() => page.snapshot().user?.id).toBe('bob')
}

const ways = ['by a call', 'by a look'] as const

test.each(ways)(
  'U3: TanStack Query: nothing of the login before is shown to the next, nor arrives late: %s',
  async (how) => {
    const page = await pageOfAda()
    const { session, callAs } = page
    const queryClient = new QueryClient({
      defaultOptions: { queries: { retry: retryUnlessEnded, retryDelay: 1 } },
    })
    onTestFinished(connectQueryClient(session, { queryClient }))

    let answerSlow = () => {}
    page.server.failing = ({ url }) =>
      url.endsWith('/slow')
        ? new Promise((resolve) => (answerSlow = () => resolve(Response.json({ as: 'ada' }))))
        : undefined

    function Users() {
      const { data, error } = useQuery({ queryKey: ['users'], queryFn: () => callAs('/api/users') })
      const save = useMutation({
        mutationFn: () => callAs('/api/slow', 'POST'),
        // As many applications do: what a mutation brought goes into the cache.
        onSuccess: (as) => queryClient.setQueryData(['users'], as),
      })
      return (
        <>
          <p>
            users of {data ?? 'nobody'} {error && String(error)}
          </p>
          <button type="button" onClick={() => save.mutate()}>
            save
          </button>
        </>
      )
    }
    const shown = show(
      <QueryClientProvider client={queryClient}>
        <Users />
      </QueryClientProvider>,
    )
    await shown.shows('users of ada')
    queryClient.setQueryData(['hidden'], 'of ada')
    await shown.click('save')
    await bobLogsIn(page, how)
    await shown.shows('users of bob')
    expect(queryClient.getQueryData(['hidden'])).toBeUndefined()
    answerSlow()
    await page.settle()
    expect(queryClient.getQueryData(['users'])).toBe('bob')
    expect(page.server.executed.filter((call) => call.endsWith('as bob'))).toEqual(['GET /api/users as bob'])
  },
)

test.each(ways)(
  'U3: react-admin: lists, identity, permissions, what was typed, filtered and is still to be undone go with the login: %s',
  async (how) => {
    const page = await pageOfAda()
    const { session, callAs } = page
    const dataProvider = reactAdminDataProvider(session, {
      getList: async (resource: string) => ({
        data: [{ id: `of ${await callAs(`/api/${resource}`)}` }],
        total: 1,
      }),
      delete: async (resource: string) => ({ data: { id: await callAs(`/api/${resource}`, 'DELETE') } }),
    } as unknown as DataProvider)
    const authProvider = reactAdminAuthProvider(session, { login: async () => {} })
    const store = reactAdminStore(session, memoryStore())
    let commit = () => {}

    function Users() {
      const { data = [] } = useGetList<{ id: string }>('users')
      const { identity } = useGetIdentity()
      const { permissions } = usePermissions()
      const [filter, setFilter] = useStore('users.filter', 'nothing')
      const [typed, setTyped] = useState('nothing')
      const [remove] = useDelete()
      const take = useTakeUndoableMutation()
      commit = () => take()?.({ isUndo: false })
      return (
        <>
          <p>
            {identity?.fullName} is {String(permissions)}, sees {data.map(({ id }) => id).join()}, has
            filtered {filter} and typed {typed}
          </p>
          <button type="button" onClick={() => setFilter('by salary')}>
            filter
          </button>
          <button type="button" onClick={() => setTyped('a note')}>
            type
          </button>
          <button
            type="button"
            onClick={() =>
              remove('users', { id: 'of ada', previousData: data[0] }, { mutationMode: 'undoable' })
            }
          >
            delete
          </button>
        </>
      )
    }
    function Panel() {
      return (
        <CoreAdmin
          key={useAccountKey()}
          dataProvider={dataProvider}
          authProvider={authProvider}
          store={store}
          requireAuth
        >
          <Resource name="users" list={Users} />
        </CoreAdmin>
      )
    }
    window.location.hash = '#/users'
    const shown = show(
      <SessionProvider session={session}>
        <Panel />
      </SessionProvider>,
    )
    await shown.shows('ada is ADMIN, sees of ada, has filtered nothing and typed nothing')
    await shown.click('filter')
    await shown.click('type')
    await shown.shows('ada is ADMIN, sees of ada, has filtered by salary and typed a note')
    await shown.click('delete')
    await page.settle()
    await bobLogsIn(page, how)
    await shown.shows('bob is USER, sees of bob, has filtered nothing and typed nothing')
    commit()
    await page.settle()
    expect(page.server.executed.filter((call) => call.startsWith('DELETE'))).toEqual([])
  },
)

test.each(ways)('U3: refine: lists, identity and permissions go with the login: %s', async (how) => {
  const page = await pageOfAda()
  const { session, callAs } = page

  function Users() {
    const { result } = useList<{ id: string }>({ resource: 'users' })
    const { data: identity } = useRefineIdentity<{ name: string }>()
    const { data: permissions } = useRefinePermissions<string>({})
    const { mutate: logout } = useLogout()
    return (
      <>
        <p>
          {identity?.name} is {permissions}, sees {result.data.map(({ id }) => id).join()}
        </p>
        <button type="button" onClick={() => logout()}>
          logout
        </button>
      </>
    )
  }
  const authProvider = refineAuthProvider(session, { login: async () => undefined })
  const dataProvider = {
    getList: async ({ resource }: { resource: string }) => ({
      data: [{ id: `of ${await callAs(`/api/${resource}`)}` }],
      total: 1,
    }),
  }
  const Keyed = ({ children }: { children: ReactNode }) => (
    <Refine
      key={useAccountKey()}
      authProvider={authProvider}
      dataProvider={dataProvider as never}
      options={{ disableTelemetry: true }}
    >
      {children}
    </Refine>
  )
  const shown = show(
    <SessionProvider session={session}>
      <MemoryRouter>
        <Keyed>
          <Users />
        </Keyed>
      </MemoryRouter>
    </SessionProvider>,
  )
  await shown.shows('ada is ADMIN, sees of ada')
  await bobLogsIn(page, how)
  await shown.shows('bob is USER, sees of bob')
})

test('U3: a framework that logs out because its user is gone ends no session of whoever is there by now', async () => {
  const providers = [
    (page: Behind) => reactAdminAuthProvider(page.session, { login: async () => {} }),
    (page: Behind) => refineAuthProvider(page.session, { login: async () => undefined }),
  ]
  for (const providerOf of providers) {
    const page = await pageOfAda()
    const provider = providerOf(page)
    await provider.getIdentity()
    await bobLogsIn(page, 'by a call')
    await provider.logout()
    expect(page.server.session).toMatchObject({ user: { id: 'bob' } })
    expect(page.snapshot()).toMatchObject({ state: 'active', user: { id: 'bob' } })
    // Bob is shown, and logs out.
    await provider.getIdentity()
    await provider.logout()
    expect(page.server.session).toBeNull()
  }
})

test('U3: nor one of the same user, who has logged in again since the framework was told of the end', async () => {
  const providers = [
    (page: Behind) => {
      const { checkError, ...rest } = reactAdminAuthProvider(page.session, { login: async () => {} })
      return {
        ...rest,
        fail: () =>
          checkError(new Error('401')).then(
            () => false,
            () => true,
          ),
      }
    },
    (page: Behind) => {
      const { onError, ...rest } = refineAuthProvider(page.session, { login: async () => undefined })
      return { ...rest, fail: async () => (await onError(new Error('401'))).logout }
    },
  ]
  for (const providerOf of providers) {
    const page = await pageOfAda()
    const provider = providerOf(page)
    await provider.getIdentity()
    page.server.session = null
    await page.session.fetch('/api/poll').catch(() => {})
    expect(await provider.fail()).toBe(true)
    page.server.session = { ...asAda, login: loginOf('C'), epoch: 7 }
    page.wake()
    await expect.poll(() => page.snapshot().state).toBe('active')
    await provider.logout()
    expect(page.server.session).toMatchObject({ epoch: 7 })
    expect(page.snapshot()).toMatchObject({ state: 'active', user: { id: 'ada' } })
    // She is shown, and logs out.
    await provider.getPermissions()
    await provider.logout()
    expect(page.server.session).toBeNull()
  }
})

test('U3: a store that another user has left without a logout is emptied at the next start', async () => {
  localStorage.clear()
  const kept = localStorageStore()
  const first = await pageOfAda()
  const ofAda = reactAdminStore(first.session, kept)
  ofAda.setup()
  ofAda.setItem('users.filter', 'by salary')
  ofAda.teardown()
  const again = reactAdminStore(first.session, kept)
  again.setup()
  expect(again.getItem('users.filter')).toBe('by salary')
  again.teardown()
  const next = behind()
  next.server.session = asBob
  await next.found()
  const ofBob = reactAdminStore(next.session, kept)
  ofBob.setup()
  onTestFinished(() => ofBob.teardown())
  expect(ofBob.getItem('users.filter')).toBeUndefined()
})
