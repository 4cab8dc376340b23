import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freePort } from '../../examples/demo/freePort.ts'
import { type OauthEmbed, startOauthEmbed } from '../../examples/embed/startEmbed.ts'
import { launchChromium } from '../browser/launchChromium.ts'
import { shows } from './panel.ts'
import { watchedContext } from './watchedContext.ts'

let browser: Browser
let embed: OauthEmbed
let url: string
beforeAll(async () => {
  browser = await launchChromium()
  url = `http://localhost:${await freePort(0)}`
  embed = await startOauthEmbed(url)
}, 120_000)
afterAll(async () => {
  await browser.close()
  await embed.stop()
})

const open = () => watchedContext(browser, [url, embed.provider.issuer])

async function tab(context: BrowserContext, path = '/'): Promise<Page> {
  const page = await context.newPage()
  await page.goto(url + path)
  return page
}

async function signIn(page: Page, who = 'ada') {
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('link', { name: who }).click()
}

/** Two tabs of one browser, in which ada has logged in. */
async function twoTabs(): Promise<[Page, Page]> {
  const context = await open()
  const page = await tab(context)
  await signIn(page)
  await shows(page, 'An order of ada')
  const second = await tab(context)
  await shows(second, 'An order of ada')
  return [page, second]
}

test('sign-in at the provider, the way back to where it began, data, reload, a second tab', async () => {
  const context = await open()
  const page = await tab(context, '/orders?page=2')
  await signIn(page)
  await shows(page, 'An order of ada')
  expect(page.url()).toBe(`${url}/orders?page=2`)
  await page.reload()
  await shows(page, 'An order of ada')
  const second = await tab(context)
  await shows(second, 'An order of ada')
  expect(embed.provider.counts.tokenRequests).toBe(1)
})

test('L11: back, forward and the callback’s own address leave a living session as it is', async () => {
  const context = await open()
  const page = await tab(context, '/orders')
  let callback = ''
  page.on('request', (request) => {
    if (request.url().startsWith(`${url}/callback?`)) callback = request.url()
  })
  await signIn(page)
  await shows(page, 'An order of ada')
  const before = embed.provider.counts.tokenRequests
  await page.goto(callback)
  await shows(page, 'An order of ada')
  expect(page.url()).toBe(`${url}/orders`)
  await page.goBack()
  await shows(page, 'An order of ada')
  const second = await tab(context, callback.slice(url.length))
  await shows(second, 'An order of ada')
  expect(embed.provider.counts.tokenRequests).toBe(before)
})

test('L12: one callback in two tabs at once sends its code once', async () => {
  const context = await open()
  const page = await tab(context)
  await page.getByRole('button', { name: 'Sign in' }).click()
  // The callback's page gets no script: its code is still there.
  const scripts = `${url}/**/*.js`
  await context.route(scripts, (route) => route.abort())
  await page.getByRole('link', { name: 'ada' }).click()
  await page.waitForURL(`${url}/callback?**`)
  const callback = page.url()
  await context.unroute(scripts)
  const before = embed.provider.counts.tokenRequests
  const pages = await Promise.all([context.newPage(), context.newPage()])
  await Promise.all(pages.map((one) => one.goto(callback)))
  for (const one of pages) await shows(one, 'An order of ada')
  expect(embed.provider.counts.tokenRequests).toBe(before + 1)
})

test('L1: two tabs that come back at once both land where they wanted, and nothing of either is revoked', async () => {
  const context = await open()
  const places = ['/orders?page=1', '/orders?page=2']
  const pages = await Promise.all(places.map((place) => tab(context, place)))
  for (const page of pages) await page.getByRole('button', { name: 'Sign in' }).click()
  const scripts = `${url}/**/*.js`
  await context.route(scripts, (route) => route.abort())
  for (const page of pages) {
    await page.getByRole('link', { name: 'ada' }).click()
    await page.waitForURL(`${url}/callback?**`)
  }
  await context.unroute(scripts)
  const { revocations } = embed.provider.counts
  await Promise.all(pages.map((page) => page.reload()))
  for (const [n, page] of pages.entries()) {
    await shows(page, 'An order of ada')
    await page.waitForURL(url + places[n])
  }
  await Promise.all(pages.map((page) => page.reload()))
  for (const page of pages) await shows(page, 'An order of ada')
  expect(embed.provider.counts.revocations).toBe(revocations)
})

test('L15: who declines is told so, where they were', async () => {
  const page = await tab(await open(), '/orders')
  await signIn(page, 'nobody')
  await shows(page, 'You have not signed in.')
  expect(page.url()).toBe(`${url}/orders`)
})

test('an API that answers with a page is told, and written to the console', async () => {
  const page = await tab(await open(), '/orders')
  const written: string[] = []
  page.on('console', (message) => written.push(`${message.type()} ${message.text()}`))
  await page.route(`${url}/api/orders`, (route) =>
    route.fulfill({ contentType: 'text/html', body: '<!doctype html>' }),
  )
  await signIn(page)
  await shows(page, 'The orders could not be loaded.')
  expect(written.join()).toContain('error SyntaxError')
})

test('a logout ends the session here, in other tabs, and at the provider, and comes back', async () => {
  const [page, second] = await twoTabs()
  const { revocations } = embed.provider.counts
  await page.getByRole('button', { name: 'Sign out' }).click()
  // The provider's own question.
  await page.getByRole('button', { name: /yes/i }).click()
  await shows(page, 'Please sign in.')
  expect(page.url()).toBe(`${url}/`)
  await shows(second, 'You have signed out in another tab.')
  expect(embed.provider.counts.revocations).toBe(revocations + 1)
  // Nobody is signed in at the provider any more: it asks who it is.
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('link', { name: 'bob' }).click()
  await shows(page, 'An order of bob')
})

test('L30, L65: stepping up keeps the user, another user comes by a login that is for that, in all tabs', async () => {
  const [page, second] = await twoTabs()
  await page.getByRole('button', { name: 'Prove that it is you' }).click()
  await page.getByRole('link', { name: 'bob' }).click()
  await shows(page, 'Somebody else has signed in there.')
  await page.getByRole('button', { name: 'Another user' }).click()
  await page.getByRole('link', { name: 'bob' }).click()
  await shows(page, 'An order of bob')
  await shows(second, 'An order of bob')
  expect(await second.getByText('An order of ada').count()).toBe(0)
})

test('L62: a callback in a browser that did not begin is told where to go on, and begins there', async () => {
  const home = await tab(await open(), '/orders')
  await home.getByRole('button', { name: 'Sign in' }).click()
  await home.getByRole('link', { name: 'ada' }).waitFor()
  // The callback's page gets no script: its code is still there.
  const scripts = `${url}/**/*.js`
  await home.route(scripts, (route) => route.abort())
  await home.getByRole('link', { name: 'ada' }).click()
  await home.waitForURL(`${url}/callback?**`)
  const callback = home.url()
  const { tokenRequests } = embed.provider.counts
  const elsewhere = await tab(await open(), callback.slice(url.length))
  await shows(elsewhere, 'That sign-in was not begun in this browser.')
  expect(elsewhere.url()).toBe(`${url}/`)
  expect(embed.provider.counts.tokenRequests).toBe(tokenRequests)
  await signIn(elsewhere)
  await shows(elsewhere, 'An order of ada')
  // Where it began it can begin again.
  await home.unroute(scripts)
  await home.goto(`${url}/orders`)
  await signIn(home)
  await shows(home, 'An order of ada')
})

test('L37: a duplicated tab and its original renew once, and both live on', async () => {
  const [page] = await twoTabs()
  // As a browser does it: the copy has what the tab keeps for itself, too.
  const opening = page.context().waitForEvent('page')
  await page.evaluate(() => void window.open(location.href))
  const copy = await opening
  await shows(copy, 'An order of ada')
  expect(await copy.evaluate(() => JSON.stringify(sessionStorage))).toBe(
    await page.evaluate(() => JSON.stringify(sessionStorage)),
  )
  const { tokenRequests } = embed.provider.counts
  // The API does not know the bearer any more, and both find out at the same moment.
  const tokens = new Set<string>()
  await page.context().route(`${url}/api/orders`, async (route) => {
    const bearer = route.request().headers().authorization ?? ''
    tokens.add(bearer)
    if (tokens.size > 1) return route.continue()
    return route.fulfill({ status: 401 })
  })
  await Promise.all([page, copy].map((one) => one.getByRole('button', { name: 'Reload' }).click()))
  await expect.poll(() => tokens.size).toBe(2)
  for (const one of [page, copy]) await shows(one, 'An order of ada')
  for (const one of [page, copy]) await shows(one, 'Ada, active')
  expect(embed.provider.counts.tokenRequests).toBe(tokenRequests + 1)
})

test('L37: the callback of a login whose tab was duplicated on its way is exchanged once', async () => {
  const page = await tab(await open(), '/orders')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('link', { name: 'ada' }).waitFor()
  const opening = page.context().waitForEvent('page')
  await page.evaluate(() => void window.open(location.href))
  const copy = await opening
  await copy.getByRole('link', { name: 'ada' }).waitFor()
  const { tokenRequests } = embed.provider.counts
  await page.getByRole('link', { name: 'ada' }).click()
  await shows(page, 'An order of ada')
  // The provider has finished that login, and says so, or sends the copy back.
  await copy.goto(`${url}/orders`)
  await shows(copy, 'An order of ada')
  expect(embed.provider.counts.tokenRequests).toBe(tokenRequests + 1)
})

test('L60: no page of a login has a frame', async () => {
  const context = await open()
  const frames: string[] = []
  context.on('page', (page) => page.on('frameattached', (frame) => frames.push(frame.url())))
  const page = await tab(context)
  await signIn(page)
  await shows(page, 'An order of ada')
  await page.reload()
  await shows(page, 'An order of ada')
  expect(frames).toEqual([])
})

describe('L44: with a back-forward cache', () => {
  let whole: Browser
  beforeAll(async () => {
    whole = await launchChromium({ isWhole: true })
  })
  afterAll(() => whole.close())

  test('who goes back after a logout sees nothing of the session, and nothing is asked with its token', async () => {
    const context = await watchedContext(whole, [url, embed.provider.issuer])
    // Another tab's message would take the page out of the cache.
    await context.addInitScript(() => {
      Object.defineProperty(window, 'BroadcastChannel', { value: undefined })
      addEventListener('pageshow', ({ persisted }) => Object.assign(window, { persisted }))
    })
    const page = await tab(context)
    await signIn(page)
    await shows(page, 'An order of ada')
    await page.evaluate(() => {
      const seen = Object.assign(window, { seen: [] as string[] }).seen
      const look = () => {
        if (Reflect.get(window, 'persisted') && getComputedStyle(document.body).visibility === 'visible')
          seen.push(document.body.innerText)
        requestAnimationFrame(look)
      }
      requestAnimationFrame(look)
    })
    await page.goto(`${embed.provider.issuer}/.well-known/openid-configuration`)
    const other = await tab(context)
    await shows(other, 'An order of ada')
    await other.getByRole('button', { name: 'Sign out' }).click()
    await other.getByRole('button', { name: /yes/i }).click()
    await shows(other, 'Please sign in.')
    const bearers: string[] = []
    context.on('request', (request) => {
      if (request.headers().authorization) bearers.push(request.url())
    })
    await page.goBack({ waitUntil: 'commit' })
    await shows(page, /Please sign in|You have signed out/)
    expect(await page.evaluate(() => Reflect.get(window, 'persisted'))).toBe(true)
    const seen: string[] = await page.evaluate(() => Reflect.get(window, 'seen'))
    expect(seen.filter((text) => text.includes('An order of ada'))).toEqual([])
    expect(await page.getByText('An order of ada').count()).toBe(0)
    expect(bearers).toEqual([])
  })
})
