import { expect, onTestFinished, test, vi } from 'vitest'
import { createSession } from 'xstate-session'
import { createOpenidLogins, openidStrategy } from 'xstate-session/librechat'
import { accounts } from '../../examples/backend/accounts.ts'
import { startBackend } from '../../examples/backend/startBackend.ts'
import { browser } from '../server/browser.ts'

const PANEL = 'https://admin.example'
const CALLBACK = '/auth/openid/callback'

/** A page of the panel at `path`, and the reference backend. */
async function page(path: string, isStoring = true) {
  const backend = await startBackend({ panelUrl: PANEL })
  const kept = new Map<string, string>()
  const at = { href: PANEL + path }
  vi.stubGlobal('location', {
    get href() {
      return at.href
    },
    origin: PANEL,
    assign(url: string) {
      at.href = url
    },
  })
  vi.stubGlobal('history', {
    state: null,
    replaceState(_: unknown, __: string, url: string) {
      at.href = PANEL + url
    },
  })
  vi.stubGlobal('sessionStorage', {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void (isStoring && kept.set(key, value)),
    removeItem: (key: string) => void kept.delete(key),
  })
  const session = createSession({ baseUrl: backend.url, strategies: { openid: openidStrategy() } })
  onTestFinished(async () => {
    session.dispose()
    vi.unstubAllGlobals()
    await backend.close()
  })
  const logins = createOpenidLogins(session, { baseUrl: backend.url })
  /** The user chooses an account at the provider, and the backend sends the browser back. */
  async function comesBack() {
    at.href = (
      await browser(async () => new Response(), PANEL).elsewhere(at.href, accounts.openidAdmin.sub)
    ).href
  }
  return { backend, kept, at, session, logins, comesBack }
}

const exchanges = (backend: Awaited<ReturnType<typeof startBackend>>) =>
  backend.log.requests.filter(({ path }) => path === '/api/admin/oauth/exchange').length

test('a page logs its user in, comes back to where it was, and the code leaves the address', async () => {
  const { backend, kept, at, session, logins, comesBack } = await page('/orders?page=2#top')
  expect(logins.isCallback()).toBe(false)
  await logins.signIn()
  expect(at.href).toMatch(`${backend.url}/api/admin/oauth/openid?code_challenge=`)
  await comesBack()
  expect(at.href).toMatch(`${PANEL}${CALLBACK}?code=`)
  expect(logins.isCallback()).toBe(true)
  const first = logins.handleCallback()
  expect(at.href).toBe(`${PANEL}/orders?page=2#top`)
  // As React's strict mode does.
  expect(await logins.handleCallback()).toEqual({ returnTo: '/orders?page=2#top' })
  await first
  expect(exchanges(backend)).toBe(1)
  expect([...kept.values()]).toEqual([])
  expect(session.getSnapshot()).toMatchObject({ state: 'active', provider: 'openid' })
  expect((await session.fetch('/api/admin/users')).status).toBe(200)
})

test('U1: a code that somebody else has obtained logs nobody in, and is not exchanged', async () => {
  const { backend, session, logins } = await page(`${CALLBACK}?code=${'a'.repeat(64)}`)
  await expect(logins.handleCallback()).rejects.toMatchObject({
    code: 'login_failed',
    reason: 'unknown_attempt',
  })
  expect(exchanges(backend)).toBe(0)
  expect(session.getSnapshot().state).toBe('loggedOut')
})

test('a login that failed at the provider says why, and leads to where it began', async () => {
  const { at, logins } = await page('/orders')
  await logins.signIn()
  at.href = `${PANEL}${CALLBACK}?error=auth_failed&error_description=x`
  await expect(logins.handleCallback()).rejects.toMatchObject({ reason: 'auth_failed', returnTo: '/orders' })
  expect(at.href).toBe(`${PANEL}/orders`)
})

test('L8: a backslash in the query of the way back is text', async () => {
  const { logins, comesBack } = await page('/orders?q=CORP%5Cada')
  await logins.signIn()
  await comesBack()
  expect(await logins.handleCallback()).toEqual({ returnTo: '/orders?q=CORP%5Cada' })
})

test.each(['//evil.example/x', '/%5Cevil.example'])('L8: the way back %s is not taken', async (returnTo) => {
  const { at, logins, comesBack } = await page('/orders')
  await logins.signIn({ returnTo })
  await comesBack()
  expect(await logins.handleCallback()).toEqual({ returnTo: '/' })
  expect(at.href).toBe(`${PANEL}/`)
})

test.each([
  ['reset', { kind: 'reset' }, 'backend_unavailable'],
  ['502', { kind: 'respond', status: 502, body: '<h1>Bad gateway</h1>' }, 'backend_unavailable'],
  [
    'no OpenID',
    { kind: 'respond', status: 404, body: '{"error_code":"OPENID_NOT_CONFIGURED"}' },
    'openid_not_configured',
  ],
] as const)('U86: a page does not leave for a backend that answers %s', async (_, fault, reason) => {
  const { backend, at, kept, logins } = await page('/orders')
  backend.faults.inject('openidCheck', fault)
  await expect(logins.signIn()).rejects.toMatchObject({ code: 'login_failed', reason })
  expect([at.href, kept.size]).toEqual([`${PANEL}/orders`, 0])
})

test('where the browser stores nothing no login begins, because it could not be finished', async () => {
  const { at, logins } = await page('/orders', false)
  await expect(logins.signIn()).rejects.toMatchObject({ reason: 'storage_unavailable' })
  expect(at.href).toBe(`${PANEL}/orders`)
})

test('a server that renders the page may make the logins, too', () => {
  const session = createSession({
    baseUrl: 'http://librechat.example',
    strategies: { openid: openidStrategy() },
  })
  onTestFinished(() => session.dispose())
  expect(() => createOpenidLogins(session, { baseUrl: 'http://librechat.example' })).not.toThrow()
})
