import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { type Backend, startBackend } from '../../examples/backend/startBackend.ts'
import { freePort } from '../../examples/demo/freePort.ts'
import { type EmbedName, names, startEmbed } from '../../examples/embed/startEmbed.ts'
import { launchChromium } from '../browser/launchChromium.ts'
import { shows } from './panel.ts'
import { watchedContext } from './watchedContext.ts'

/** Nothing is due while a test runs: what a page finds out, it finds by what happened. */
const LONG_MS = 600_000
/** Half of it is the lead time: a page renews its bearer after about ten seconds. */
const SHORT_MS = 20_000

/** What the examples differ in. */
interface Example {
  readonly name: EmbedName
  /** A deep link, and what its page shows. */
  readonly deep: readonly [path: string, text: string]
  /** The login page, up to the way back from it, which is in its address. */
  readonly loginPage?: string
  /** The page has no server of its own: the login is by OpenID, and it asks the backend itself. */
  readonly isDirect?: boolean
}

const settings = 'registration'
const examples: readonly Example[] = [
  { name: 'xstate', isDirect: true, deep: ['/some/page', 'tom@local.example'] },
  { name: 'bff', deep: ['/settings', settings] },
  { name: 'react', deep: ['/settings', settings] },
  { name: 'react-admin', deep: ['/#/settings', settings] },
  { name: 'refine', deep: ['/settings', settings], loginPage: '/login?to=' },
  { name: 'tanstack', deep: ['/settings', settings], loginPage: '/login?returnTo=' },
]

const data = 'tom@local.example'

let browser: Browser
beforeAll(async () => {
  browser = await launchChromium()
}, 60_000)
afterAll(() => browser.close())

test('every example is run', () => {
  expect(examples.map(({ name }) => name)).toEqual(names)
})

describe.each(examples)('$name', ({ name, deep, loginPage, isDirect = false }) => {
  let backend: Backend
  let stop: () => Promise<void>
  let url: string

  beforeAll(async () => {
    url = `http://localhost:${await freePort(0)}`
    backend = await startBackend({ panelUrl: url, knobs: { sessionMs: LONG_MS } })
    stop = await startEmbed(name, { backendUrl: backend.url, publicUrl: url })
  }, 60_000)
  afterAll(async () => {
    await stop()
    await backend.close()
  })

  const open = () => watchedContext(browser, [url, backend.url, backend.providerUrl])

  async function tab(context: BrowserContext, path = '/'): Promise<Page> {
    const page = await context.newPage()
    await page.goto(url + path)
    return page
  }

  async function logIn(page: Page, password = 'demo-password'): Promise<void> {
    if (isDirect) {
      await page.getByRole('button', { name: 'Sign in with OpenID' }).click()
      await page.getByText(/olga/i).first().click()
      return
    }
    await page.getByLabel(/e-?mail/i).fill(backend.accounts.localAdmin.email)
    await page.getByLabel('Password').fill(password)
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  }

  async function loggedIn() {
    const context = await open()
    const page = await tab(context)
    await logIn(page)
    await shows(page, data)
    return { context, page }
  }

  const reload = (page: Page) => page.getByRole('button', { name: 'Reload' }).click()
  const refreshes = () => backend.log.presentations.length
  const answers = (status: number, from: number) =>
    backend.log.requests
      .slice(from)
      .filter((request) => request.path === '/api/admin/users' && request.status === status).length

  test('U8: its pages keep windows and frames of other sites to themselves', async () => {
    for (const path of ['/', '/login', deep[0]]) {
      const { headers } = await fetch(url + path)
      expect(headers.get('content-type')).toMatch(/^text\/html/)
      expect(headers.get('cross-origin-opener-policy')).toBe('same-origin')
      expect(headers.get('content-security-policy')).toMatch(/^default-src '(self|none)'; (?!.*frame-src)/)
    }
  })

  test('a first visit goes to the login once', async () => {
    const page = await tab(await open())
    await page.getByRole('button', { name: 'Sign in with OpenID' }).waitFor()
    // A blank page, the address, and at most two redirects: what goes around in circles leaves hundreds.
    expect(await page.evaluate(() => history.length)).toBeLessThanOrEqual(4)
  })

  test('login, data, reload, logout; nothing stays on the page', async () => {
    const { page } = await loggedIn()
    await page.reload()
    await shows(page, data)
    await page.getByRole('button', { name: 'Sign out' }).click()
    await shows(page, 'You have signed out.')
    expect(await page.getByText(data).count()).toBe(0)
    await page.reload()
    await shows(page, /Sign in/)
    expect(await page.getByText(data).count()).toBe(0)
    expect(backend.log.replays()).toEqual([])
  })

  test('U86: a login whose backend is away does not begin, and the user reads why on the page', async () => {
    const page = await tab(await open())
    const button = page.getByRole('button', { name: 'Sign in with OpenID' })
    await button.waitFor()
    backend.faults.inject('openidCheck', { kind: 'reset' })
    await button.click()
    await shows(page, 'The sign-in service cannot be reached at the moment.')
    expect(page.url()).toMatch(url)
  })

  test('a login that failed at the provider says so on the page', async () => {
    const callback = isDirect ? '/auth/openid/callback?error=auth_failed' : '/login?error=auth_failed'
    const page = await tab(await open(), callback)
    await shows(page, 'The sign-in at the identity provider did not work.')
    await logIn(page)
    await shows(page, data)
    expect(page.url()).not.toContain('error')
  })

  test('a bearer that ended costs one refresh, whoever finds out, and the user sees nothing of it', async () => {
    const { context, page } = await loggedIn()
    const second = await tab(context)
    await shows(second, data)
    const before = refreshes()
    const from = backend.log.requests.length
    backend.operator.invalidateBearers()
    await Promise.all([page, second].map(reload))
    await expect.poll(() => answers(200, from)).toBeGreaterThanOrEqual(2)
    expect(refreshes() - before).toBe(1)
    for (const one of [page, second]) await shows(one, data)
  })

  test('a bearer that is due is renewed once for all tabs, before it ends', async () => {
    backend.knobs.sessionMs = SHORT_MS
    onTestFinished(() => {
      backend.knobs.sessionMs = LONG_MS
    })
    const { context, page } = await loggedIn()
    const second = await tab(context)
    await shows(second, data)
    const before = refreshes()
    const from = backend.log.requests.length
    await expect.poll(() => refreshes() - before, { timeout: SHORT_MS }).toBe(1)
    await Promise.all([page, second].map(reload))
    await expect.poll(() => answers(200, from)).toBeGreaterThanOrEqual(2)
    expect([refreshes() - before, answers(401, from)]).toEqual([1, 0])
    expect(backend.log.replays()).toEqual([])
  })

  test('a session that ends leads to the login, which says why; the next login works', async () => {
    const { page } = await loggedIn()
    if (isDirect) backend.operator.revokeAdmin('openidAdmin')
    else backend.operator.endLocalSessions('localAdmin')
    backend.operator.invalidateBearers()
    await reload(page)
    await shows(page, isDirect ? 'Your access has been withdrawn' : /Your session has (expired|ended)/)
    expect(await page.getByText(data).count()).toBe(0)
    backend.operator.grantAdmin('openidAdmin')
    await logIn(page)
    await shows(page, data)
  })

  test('a logout in one tab ends the other at once', async () => {
    const { context, page } = await loggedIn()
    const second = await tab(context)
    await shows(second, data)
    await page.getByRole('button', { name: 'Sign out' }).click()
    await shows(second, 'You have signed out in another tab')
    expect(await second.getByText(data).count()).toBe(0)
  })

  test('a deep link leads through the login', async () => {
    const [path, text] = deep
    const page = await tab(await open(), path)
    await logIn(page)
    await shows(page, text)
    expect(page.url()).toBe(url + path)
  })

  if (loginPage)
    test.each([
      'https://elsewhere.example/',
      '//elsewhere.example/',
      '/\\elsewhere.example/',
      '/.//elsewhere.example/',
      'javascript:alert(1)',
    ])('no link leads through the login to %s', async (elsewhere) => {
      const page = await tab(await open(), loginPage + encodeURIComponent(elsewhere))
      await logIn(page)
      await shows(page, data)
      expect(page.url()).toBe(`${url}/users`)
    })

  if (!isDirect)
    test('a wrong password is told, and OpenID is a way too', async () => {
      const page = await tab(await open())
      await logIn(page, 'wrong')
      await shows(page, /password is wrong/)
      await page.getByRole('button', { name: 'Sign in with OpenID' }).click()
      await page.getByText(/olga/i).first().click()
      await shows(page, data)
    })
})
