import type { BrowserContext, Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { freeze, say } from '../browser/tabs.ts'
import { panelFor, reaches, shows, stateOf } from './panel.ts'

const app = panelFor({ sessionMs: 24_000 })
const users = 'Tom Twofactor'
const NAME = 'admin-panel'

const tabs = async (count: number) => tabsOf(await app.open(), count)

async function tabsOf(context: BrowserContext, count: number) {
  const first = await app.tab(context, '/users')
  await app.login(first)
  await shows(first, users)
  const all = [first]
  while (all.length < count) all.push(await app.tab(context, '/users'))
  for (const tab of all) await shows(tab, users)
  return { context, all, first, second: all[1] as Page }
}

/** A page that is logged in, and whose time is the test's. */
async function clocked(): Promise<Page> {
  const page = await app.tab(await app.open())
  await page.clock.install()
  await page.reload()
  await app.login(page)
  await shows(page, users)
  return page
}

/** The requests that a page makes from now on, without those of the demo's own control room. */
function requestsOf(page: Page): string[] {
  const asked: string[] = []
  page.on('request', (request) => {
    const { pathname } = new URL(request.url())
    if (/^\/(session|api)(\/|$)/.test(pathname)) asked.push(`${request.method()} ${pathname}`)
  })
  return asked
}

const isRefresh = (asked: string) => asked === 'POST /session/refresh'

/** Which renewal of the bearer a page shows. */
const bearer = async (page: Page) =>
  Number(/bearer no\. (\d+)/.exec((await page.locator('.countdown small').textContent()) ?? '')?.[1])

describe('tabs behind one server', () => {
  test.each([2, 5])('C10: %d tabs whose bearer ends at the same moment cost one request', async (count) => {
    const { all } = await tabs(count)
    const asked = all.map(requestsOf)
    const before = await Promise.all(all.map(bearer))
    const sends = app.refreshes()
    for (const [at, tab] of all.entries())
      await expect.poll(() => bearer(tab)).toBeGreaterThan(before[at] as number)
    const renewals = Math.max(...(await Promise.all(all.map(bearer)))) - Math.max(...before)
    expect(asked.flat().filter(isRefresh).length).toBe(renewals)
    expect(app.refreshes() - sends).toBe(renewals)
  })

  test('a logout in one is a logout in all, at once, and nobody has to look', async () => {
    const { first, second, all } = await tabs(3)
    await first.getByRole('button', { name: 'Sign out' }).click()
    for (const tab of all.slice(1)) await shows(tab, 'You have signed out in another tab')
    expect(await second.getByText(users).count()).toBe(0)
  })

  test('a login in one is a login in all', async () => {
    const { context, first, second } = await tabs(2)
    await first.getByRole('button', { name: 'Sign out' }).click()
    await shows(second, 'You have signed out in another tab')
    await app.login(first)
    await shows(first, users)
    await reaches(second, 'active')
    await context.close()
  })

  test('T8: a tab that was frozen asks before it acts', async () => {
    const { first, second } = await tabs(2)
    const thaw = await freeze(second)
    await first.getByRole('button', { name: 'Sign out' }).click()
    await shows(first, 'You have signed out.')
    const asked = requestsOf(second)
    await thaw()
    await shows(second, 'You have signed out in another tab')
    expect(asked.filter((one) => one.includes('/api/'))).toEqual([])
    expect(await second.getByText(users).count()).toBe(0)
  })

  test('C12: a tab that is frozen while it asks keeps the others waiting for five seconds, not longer', async () => {
    const { first, second } = await tabs(2)
    let isAsking = () => {}
    const asking = new Promise<void>((resolve) => {
      isAsking = resolve
    })
    // Its request leaves, and no answer comes.
    await first.route('**/session/refresh', () => isAsking())
    const renewed = (await bearer(second)) + 1
    await first.getByRole('button', { name: 'Stay signed in' }).click()
    await asking
    const thaw = await freeze(first)
    const asked = requestsOf(second)
    await second.getByRole('button', { name: 'Stay signed in' }).click()
    await expect.poll(() => asked.some(isRefresh)).toBe(true)
    await expect.poll(() => bearer(second)).toBeGreaterThanOrEqual(renewed)
    await first.unroute('**/session/refresh')
    await thaw()
  })

  test('C11: without locks and channels the tabs know nothing of each other, and their server makes one refresh', async () => {
    const context = await app.open()
    await context.addInitScript(() => {
      Object.defineProperty(navigator, 'locks', { value: undefined })
      Object.defineProperty(window, 'BroadcastChannel', { value: undefined })
    })
    const { all } = await tabsOf(context, 2)
    const renewed = async () => {
      const before = await Promise.all(all.map(bearer))
      for (const [at, tab] of all.entries())
        await expect.poll(() => bearer(tab), { timeout: 40_000 }).toBeGreaterThan(before[at] as number)
    }
    // From the same renewal on, so that both are due together.
    await renewed()
    const sends = app.refreshes()
    await renewed()
    expect(app.refreshes() - sends).toBe(1)
  }, 120_000)

  test('C16: a tab that crashes in the middle of a refresh: the other one takes what it brings', async () => {
    const { context, first, second } = await tabs(2)
    const hang = app.backend.faults.inject('cookieRefresh', { kind: 'hang', at: 'after' })
    const sends = app.refreshes()
    const version = await bearer(second)
    await first.getByRole('button', { name: 'Stay signed in' }).click()
    await expect.poll(() => hang.hits).toBe(1)
    const devtools = await context.newCDPSession(first)
    const crashed = first.waitForEvent('crash')
    void devtools.send('Page.crash').catch(() => {})
    await crashed
    await second.getByRole('button', { name: 'Stay signed in' }).click()
    hang.clear()
    await expect.poll(() => bearer(second)).toBe(version + 1)
    expect(app.refreshes() - sends).toBe(1)
  })

  test('C28: a logout in one tab while another refreshes ends both, and nothing comes back', async () => {
    const { context, first, second } = await tabs(2)
    const hang = app.backend.faults.inject('cookieRefresh', { kind: 'hang', at: 'after' })
    await second.getByRole('button', { name: 'Stay signed in' }).click()
    await expect.poll(() => hang.hits).toBe(1)
    await first.getByRole('button', { name: 'Sign out' }).click()
    await shows(second, 'You have signed out in another tab')
    hang.clear()
    await second.reload()
    await shows(second, 'Sign in with OpenID')
    expect(await second.getByText(users).count()).toBe(0)
    await shows(await app.tab(context, '/users'), 'Sign in with OpenID')
  })

  test('S1: a page whose storage throws on access says so once, and lives on without it', async () => {
    const context = await app.open()
    await context.addInitScript(() => {
      const refuse = {
        get() {
          throw new DOMException('The operation is insecure.', 'SecurityError')
        },
      }
      for (const name of ['localStorage', 'indexedDB']) Object.defineProperty(window, name, refuse)
    })
    const { all, first } = await tabsOf(context, 2)
    const sends = app.refreshes()
    const version = await bearer(first)
    for (const tab of all) await expect.poll(() => bearer(tab)).toBeGreaterThan(version)
    expect(app.refreshes() - sends).toBe((await bearer(first)) - version)
    expect(await first.getByText('Warning').count()).toBe(1)
  })

  test('T7: a tab whose timers are late asks for a renewal as soon as it is seen again', async () => {
    const page = await clocked()
    const asked = requestsOf(page)
    await page.clock.pauseAt(Date.now() + 1_000)
    const other = await page.context().newPage()
    const devtools = await page.context().newCDPSession(page)
    await devtools.send('Emulation.setFocusEmulationEnabled', { enabled: false })
    await other.bringToFront()
    // The bearer ends, and no timer rings.
    await page.clock.setSystemTime(Date.now() + 30_000)
    expect(asked.filter(isRefresh)).toEqual([])
    await page.bringToFront()
    await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')))
    await expect.poll(() => asked.filter(isRefresh).length).toBe(1)
    // By the clock of the server nothing was due.
    await reaches(page, 'active')
  })

  test('T9: back, after a logout in another tab, shows nothing of who was logged in', async () => {
    const { first, second } = await tabs(2)
    await second.goto(`${app.backend.url}/elsewhere`)
    await first.getByRole('button', { name: 'Sign out' }).click()
    await shows(first, 'You have signed out.')
    await second.goBack()
    await shows(second, 'Sign in with OpenID')
    expect(await second.getByText(users).count()).toBe(0)
    expect((await second.request.get(`${app.panel.url}/users`)).headers()['cache-control']).toBe('no-store')
  })

  test('the countdown follows the server, not a clock of the user that is three hours off', async () => {
    const page = await app.tab(await app.open())
    await page.clock.install({ time: Date.now() + 3 * 3_600_000 })
    await page.reload()
    await app.login(page)
    await shows(page, users)
    const seconds = async () =>
      Number(/(\d+):(\d+)/.exec((await page.locator('.countdown').textContent()) ?? '')?.[2])
    await expect.poll(seconds).toBeGreaterThan(0)
    expect(await seconds()).toBeLessThanOrEqual(24)
    expect(await page.locator('.countdown').textContent()).toContain('0:')
  })

  test('sleep and wake: one look, and the calls go on', async () => {
    const page = await clocked()
    const asked = requestsOf(page)
    // Ten minutes at once: no timer has run in between.
    await page.clock.fastForward(10 * 60_000)
    await page.evaluate(() => window.dispatchEvent(new Event('focus')))
    await expect.poll(() => asked.includes('GET /session')).toBe(true)
    await reaches(page, 'active')
    await page.getByRole('button', { name: /Fire 50/ }).click()
    await shows(page, /50 × 200/)
    expect(asked.filter((one) => one.startsWith('POST /session/') && !isRefresh(one))).toEqual([])
  })

  test('S8: storage that somebody clears is asked about, and ends nothing', async () => {
    const { first, second } = await tabs(2)
    await expect.poll(() => first.evaluate((key) => localStorage.getItem(key), `${NAME}.facts`)).toBeTruthy()
    const asked = requestsOf(second)
    await first.evaluate(() => localStorage.clear())
    await expect.poll(() => asked.includes('GET /session')).toBe(true)
    expect(['active', 'refreshing']).toContain(await stateOf(second))
  })
})

describe('messages that are forged', () => {
  const speak = (page: Page, message: unknown, times = 1) => say(page, message, times, NAME)

  test('X22: a forged logout hides the page until the server has said otherwise', async () => {
    const { first, second } = await tabs(2)
    await speak(first, { v: 1, hint: 'loggedOut' })
    await shows(second, 'You have signed out in another tab')
    await reaches(second, 'active', 'refreshing')
  })

  test('X22: facts in a message, or in storage, make nobody somebody else', async () => {
    const { first, second } = await tabs(2)
    const facts = {
      v: 1,
      epoch: 1,
      version: 999,
      endsAt: Date.now() + 3_600_000,
      user: { id: 'mallory', name: 'Mallory' },
    }
    await first.evaluate(
      ([key, text]) => localStorage.setItem(key as string, text as string),
      [`${NAME}.facts`, JSON.stringify(facts)],
    )
    await speak(first, { ...facts, hint: 'renewed' })
    await speak(first, { v: 1, hint: 'changed', user: facts.user })
    await shows(second, users)
    expect(await second.getByText('Mallory').count()).toBe(0)
    expect(await bearer(second)).toBeLessThan(999)
  })

  test('X23: ten thousand messages cost a handful of looks', async () => {
    const { first, second } = await tabs(2)
    const asked = requestsOf(second)
    await speak(first, { v: 1, hint: 'changed' }, 10_000)
    await speak(first, { v: 1, hint: 'renewed' }, 10_000)
    await expect.poll(() => asked.length).toBeGreaterThan(0)
    await shows(second, users)
    expect(asked.filter((one) => one === 'GET /session').length).toBeLessThan(8)
  })
})

test('the idle warning: shown in time, answered by a key, and the end where nobody answers', async () => {
  const page = await clocked()
  await page.clock.fastForward(29 * 60_000 + 30_000)
  await shows(page, /You will be signed out in/)
  await page.keyboard.press('Shift')
  await expect.poll(() => page.getByText(/You will be signed out in/).count()).toBe(0)
  await page.clock.fastForward(29 * 60_000 + 30_000)
  await shows(page, /You will be signed out in/)
  await page.clock.fastForward(60_000)
  await shows(page, 'You were inactive for too long')
})
