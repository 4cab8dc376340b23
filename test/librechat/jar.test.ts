import { describe, expect, onTestFinished, test } from 'vitest'
import { createSession } from 'xstate-session'
import { accounts } from '../../examples/backend/accounts.ts'
import { startBackend } from '../../examples/backend/startBackend.ts'
import { cookieStrategy } from '../../src/librechat/cookieStrategy.ts'
import { fakeClock } from '../fakeClock.ts'

type Account = { readonly id: string; readonly email: string; readonly password: string }

/** A browser's jar before a real backend, and a page in it that `account` has opened; `strip`: what its answers lose. */
async function pageOf(account: Account, strip: (body: Record<string, unknown>) => unknown = (body) => body) {
  const backend = await startBackend({ panelUrl: 'http://127.0.0.1:3000/' })
  onTestFinished(() => backend.close())
  const jar = new Map<string, string>()
  const fetch: typeof globalThis.fetch = async (input, init = {}) => {
    const headers = new Headers(init.headers)
    if (init.credentials === 'include')
      headers.set('cookie', [...jar].map((pair) => pair.join('=')).join('; '))
    const answer = await globalThis.fetch(input, { ...init, headers })
    for (const line of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      jar.set(name, value)
    }
    if (!answer.headers.get('content-type')?.includes('json')) return answer
    const { status } = answer
    return Response.json(strip((await answer.json()) as Record<string, unknown>), { status })
  }
  const logIn = async ({ email, password }: Account) => {
    const answer = await fetch(`${backend.url}/api/admin/login/local`, {
      method: 'POST',
      credentials: 'include',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email, password }),
    })
    return (await answer.json()) as { token: string }
  }
  const notices: string[] = []
  const session = createSession({
    baseUrl: backend.url,
    strategies: { librechat: cookieStrategy({ browserCookies: true }) },
    fetch,
    observe: (notice) => notices.push('code' in notice ? notice.code : notice.type),
  })
  onTestFinished(() => session.dispose())
  const { token } = await logIn(account)
  session.login({ token, user: { id: account.id } }, { provider: 'librechat' })
  return { backend, session, logIn, notices }
}

const ada = accounts.localAdmin
const tess = accounts.tenantAdmin

test.each([
  [0, 2],
  [1, 1],
])(
  'U88: a logout that is tried again ends no login that the page has had since: %i logins',
  async (logins, sends) => {
    const clock = fakeClock()
    let logouts = 0
    const session = createSession({
      baseUrl: 'https://chat.example',
      strategies: { librechat: cookieStrategy({ browserCookies: true }) },
      clock,
      fetch: async () => {
        logouts++
        return logouts > 1 ? Response.json({}) : new Response(null, { status: 503 })
      },
    })
    onTestFinished(() => session.dispose())
    const logIn = (id: string) =>
      session.login({ token: `of-${id}`, user: { id } }, { provider: 'librechat' })
    await logIn('ada')
    void session.logout()
    await new Promise(setImmediate)
    for (let n = 0; n < logins; n++) await logIn('tess')
    for (let second = 0; second < 10; second++) {
      clock.advance(1_000)
      await new Promise(setImmediate)
    }
    expect(logouts).toBe(sends)
  },
)

describe('a jar that has become another user’s', () => {
  test.each([
    ['names its user', (body: Record<string, unknown>) => body],
    ['names none', ({ user: _, ...body }: Record<string, unknown>) => body],
    ['names an empty one', (body: Record<string, unknown>) => ({ ...body, user: null })],
    ['names one without an id', (body: Record<string, unknown>) => ({ ...body, user: { name: 'x' } })],
  ])('U3: a renewal that is another user’s ends the session, where the answer %s', async (_, strip) => {
    const { session, logIn, notices } = await pageOf(ada, strip)
    const mine = await session.getToken()
    // In another window of this browser.
    const theirs = await logIn(tess)
    await session.refresh().catch(() => {})
    expect(session.getSnapshot()).toMatchObject({ state: 'expired', reason: 'identityMismatch' })
    expect(notices).toContain('identityMismatch')
    await expect(session.getToken()).rejects.toMatchObject({ reason: 'identityMismatch' })
    await expect(session.fetch('/api/admin/users')).rejects.toThrow()
    expect(mine).not.toBe(theirs.token)
  })

  test('U3: the same user’s next login renews the session as ever', async () => {
    const { session, logIn } = await pageOf(ada)
    await logIn(ada)
    await session.refresh()
    expect(session.getSnapshot()).toMatchObject({ state: 'active', version: 2, user: { id: ada.id } })
    expect((await session.fetch('/api/admin/users')).status).toBe(200)
  })
})
