import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { PageProvider } from '../../examples/embed/provider.ts'
import { launchChromium } from '../browser/launchChromium.ts'
import { startPopupPanel } from './popupPanel.ts'
import { watchedContext } from './watchedContext.ts'

let browser: Browser
let panel: Awaited<ReturnType<typeof startPopupPanel>>
let provider: PageProvider
let url: string
beforeAll(async () => {
  // As people have it: with a popup blocker.
  browser = await launchChromium({ isWhole: true })
  panel = await startPopupPanel()
  ;({ provider, url } = panel)
}, 120_000)
afterAll(async () => {
  await browser.close()
  await panel.close()
})

const METADATA = '**/.well-known/openid-configuration'
const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true })
const outcome = (page: Page) => expect.poll(() => page.locator('#outcome').textContent(), { timeout: 15_000 })
const who = (page: Page) => expect.poll(() => page.locator('#who').textContent(), { timeout: 15_000 })

async function open(path = '/'): Promise<{ context: BrowserContext; page: Page }> {
  const context = await watchedContext(browser, [url, provider.issuer])
  const page = await context.newPage()
  await page.goto(url + path)
  return { context, page }
}

/** The window that a click opens. */
async function windowOf(page: Page, name: string): Promise<Page> {
  const opening = page.context().waitForEvent('page')
  await button(page, name).click()
  return opening
}

/** The user comes back to the page. Under a driver every page believes that it has the focus, and none hears so. */
const comeBack = (page: Page) => page.evaluate(() => void dispatchEvent(new Event('focus')))

describe('L6: a login in a window', () => {
  test('opens it in the click, though the provider’s metadata are long in coming', async () => {
    const { context, page } = await open()
    let arrive = () => {}
    const metadata = new Promise<void>((resolve) => {
      arrive = resolve
    })
    await context.route(METADATA, async (route) => {
      await metadata
      await route.continue()
    })
    const window = await windowOf(page, 'Sign in in a window')
    expect(window.url()).toBe('about:blank')
    // Longer than what browsers take for the consequence of a click.
    await new Promise((resolve) => setTimeout(resolve, 3_000))
    arrive()
    await window.getByRole('link', { name: 'ada' }).click()
    await outcome(page).toBe('done')
    await who(page).toBe('Ada, active')
    await expect.poll(() => context.pages().length).toBe(1)
  })

  test('tells at once that the browser lets none open, and asks nobody', async () => {
    const { context, page } = await open('/')
    let asked = 0
    context.on('request', (request) => {
      if (request.url().startsWith(provider.issuer)) asked++
    })
    await page.goto(`${url}/?unclicked`)
    await outcome(page).toBe('login_failed popup_blocked')
    expect(context.pages()).toHaveLength(1)
    expect(asked).toBe(0)
  })

  test('leaves none where the provider is away', async () => {
    const { context, page } = await open()
    await context.route(METADATA, (route) => route.abort())
    await button(page, 'Sign in in a window').click()
    await outcome(page).toBe('login_failed provider_unavailable')
    await expect.poll(() => context.pages().length).toBe(1)
  })

  test('leaves none where it could not be downloaded', async () => {
    const { context, page } = await open()
    await context.route('**/popupLogin*.js', (route) => route.abort())
    await button(page, 'Sign in in a window').click()
    await outcome(page).toBe('login_failed popup_unavailable')
    await expect.poll(() => context.pages().length).toBe(1)
  })

  test('is cancelled by who closes it while it is empty', async () => {
    const { context, page } = await open()
    let arrive = () => {}
    const metadata = new Promise<void>((resolve) => {
      arrive = resolve
    })
    await context.route(METADATA, async (route) => {
      await metadata
      await route.continue()
    })
    const window = await windowOf(page, 'Sign in in a window')
    await window.close()
    arrive()
    await outcome(page).toBe('login_failed login_cancelled')
  })
})

describe.each(['', 'same-origin', 'same-origin-allow-popups'])(
  'L61: stepping up in a window, where the provider’s policy is same-origin, the page’s "%s", its tokens in its memory',
  (policy) => {
    /** Ada is logged in, and has typed something. */
    async function loggedIn(path = '/') {
      panel.setOpenerPolicy(policy)
      const { context, page } = await open(path)
      await button(page, 'Sign in').click()
      await page.getByRole('link', { name: 'ada' }).click()
      await who(page).toBe('Ada, active')
      if (path !== '/') await page.evaluate((at) => history.replaceState(null, '', at), path)
      await page.getByLabel('Draft').fill('half a letter')
      return { context, page }
    }
    /** Nothing has become of it: the page is as it was, and its window is gone. */
    async function stays(context: BrowserContext, page: Page) {
      await who(page).toBe('Ada, active')
      expect(await page.getByLabel('Draft').inputValue()).toBe('half a letter')
      await expect.poll(() => context.pages().length).toBe(1)
    }

    test('ends with the same user, one exchange, and the page as it was', async () => {
      const { context, page } = await loggedIn()
      const { tokenRequests } = provider.counts
      const window = await windowOf(page, 'Step up in a window')
      await window.getByRole('link', { name: 'ada' }).click()
      await outcome(page).toBe('done')
      await stays(context, page)
      expect(provider.counts.tokenRequests).toBe(tokenRequests + 1)
    })

    test('changes nothing where the user declines, or is another', async () => {
      const { context, page } = await loggedIn()
      for (const [name, reason] of [
        ['nobody', 'access_denied'],
        ['bob', 'other_user'],
      ] as const) {
        const window = await windowOf(page, 'Step up in a window')
        await window.getByRole('link', { name }).click()
        await outcome(page).toBe(`login_failed ${reason}`)
        await stays(context, page)
      }
    })

    test('offers to cancel to who comes back without an answer', async () => {
      const { context, page } = await loggedIn()
      const window = await windowOf(page, 'Step up in a window')
      await window.getByRole('link', { name: 'ada' }).waitFor()
      await outcome(page).toBe('asked')
      await comeBack(page)
      await outcome(page).toBe('returned')
      await button(page, 'Cancel').click()
      await outcome(page).toBe('login_failed login_cancelled')
      // Where the page does not reach the window any more, it closes when the user is done there; nobody takes its answer.
      const { tokenRequests } = provider.counts
      if (!window.isClosed())
        await window
          .getByRole('link', { name: 'ada' })
          .click()
          .catch(() => {})
      await stays(context, page)
      expect(provider.counts.tokenRequests).toBe(tokenRequests)
    })
  },
)

test('L61: a window that the user closes is a login that was cancelled, where the page offers nothing', async () => {
  panel.setOpenerPolicy('same-origin')
  const { context, page } = await open('/?plain')
  const window = await windowOf(page, 'Sign in in a window')
  await window.getByRole('link', { name: 'ada' }).waitFor()
  // Cut off by the provider's policy, it seems closed: that alone says nothing.
  await outcome(page).toBe('asked')
  await window.close()
  await comeBack(page)
  await outcome(page).toBe('login_failed login_cancelled')
  expect(context.pages()).toHaveLength(1)
})
