// @vitest-environment jsdom
import {
  Authenticated,
  type AuthProvider,
  type DataProvider,
  Refine,
  useGetIdentity,
  useList,
  useLogin,
  useLogout,
} from '@refinedev/core'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { type RefineAuthProvider, refineAuthProvider } from 'xstate-session/refine'
import { adminOf, ORIGIN, show } from './page.ts'

function panel() {
  const admin = adminOf()
  const { session } = admin
  const authProvider: AuthProvider = refineAuthProvider(session, {
    async login(params) {
      if ((params as { password: string }).password !== 'right') throw new Error('Wrong password.')
      await admin.login()
      return undefined
    },
  })
  const dataProvider = {
    async getList({ resource }: { resource: string }) {
      const answer = await session.fetch(`${ORIGIN}/api/admin/${resource}`)
      if (!answer.ok) throw Object.assign(new Error('failed'), { statusCode: answer.status })
      const { users } = (await answer.json()) as { users: { id: string; email: string }[] }
      return { data: users, total: users.length }
    },
  } as unknown as DataProvider

  function Users() {
    const { result, query } = useList<{ id: string; email: string }>({
      resource: 'users',
      queryOptions: { retry: false },
    })
    const { data: identity } = useGetIdentity<{ name: string }>()
    const { mutate: logout } = useLogout()
    return (
      <>
        <p>
          {identity?.name}: {result.data.map(({ email }) => email).join()}
          {query.isError && ` failed: ${query.error.statusCode}`}
        </p>
        <button type="button" onClick={() => void query.refetch()}>
          again
        </button>
        <button type="button" onClick={() => logout()}>
          logout
        </button>
      </>
    )
  }
  function Login() {
    const { mutate, data } = useLogin<{ password: string }>()
    return (
      <>
        <p>{data?.error?.message}</p>
        <button type="button" onClick={() => mutate({ password: 'right' })}>
          login
        </button>
        <button type="button" onClick={() => mutate({ password: 'wrong' })}>
          mistype
        </button>
      </>
    )
  }
  const page = show(
    <Refine
      authProvider={authProvider}
      dataProvider={dataProvider}
      options={{
        disableTelemetry: true,
        reactQuery: { clientConfig: { defaultOptions: { queries: { retry: false } } } },
      }}
    >
      <Authenticated key="users" fallback={<Login />}>
        <Users />
      </Authenticated>
    </Refine>,
  )
  return { ...admin, page }
}

describe('refine', () => {
  test('a user mistypes, logs in, reads, and logs out', async () => {
    const { page, session } = panel()
    await page.click('mistype')
    await page.shows('Wrong password.')
    await page.click('login')
    await page.shows(/Olga.*@example\.com/)
    await page.click('logout')
    await page.shows('mistype')
    expect(session.getSnapshot()).toMatchObject({ state: 'loggedOut', reason: 'user' })
  })

  test.each([401, 403, 500])('an answer of %d ends no session that lives', async (status) => {
    const { page, instead, session } = panel()
    await page.click('login')
    await page.shows('@example.com')
    instead.set('/api/admin/users', () => Response.json({ message: 'no' }, { status }))
    await page.click('again')
    await page.shows(`failed: ${status}`)
    expect(session.getSnapshot().isAuthenticated).toBe(true)
  })

  test('a session that ended leads to the login page, and keeps its reason', async () => {
    const { page, backend, session } = panel()
    await page.click('login')
    await page.shows('@example.com')
    for (const user of backend.users) user.admin = false
    backend.expireBearers()
    await page.click('again')
    await page.shows('mistype')
    expect(session.getSnapshot()).toMatchObject({ state: 'expired', reason: 'accessRevoked' })
  })

  test('the types are those of refine', () => {
    expectTypeOf<RefineAuthProvider>().toExtend<AuthProvider>()
  })
})
