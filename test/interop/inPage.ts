import { once } from 'node:events'
import { createServer } from 'node:http'
import type { Page } from 'playwright-core'
import { bundlePage } from '../browser/bundlePage.ts'
import { launchChromium } from '../browser/launchChromium.ts'
import type { Party } from './party.ts'
import { PERSON } from './userAgent.ts'

/** What a page without a server was seen to do at a provider, in Chromium. */
export interface MeasuredPage {
  readonly page: string
}

const PATIENCE_MS = 15_000

/** The page, at every path of its place. */
async function servePage(place: string) {
  const script = await bundlePage('interop/page.ts')
  const html = '<!doctype html><title>panel</title><script type="module" src="/page.js"></script>'
  const http = createServer(({ url }, response) => {
    const isScript = url === '/page.js'
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html')
    response.end(isScript ? script : html)
  })
  http.listen(Number(new URL(place).port), 'localhost')
  await once(http, 'listening')
  return () => {
    http.closeAllConnections()
    http.close()
  }
}

/** Fills in and sends the forms of the provider, until the browser is back at `place`. */
async function through(page: Page, place: string) {
  const until = Date.now() + PATIENCE_MS
  while (!page.url().startsWith(place)) {
    if (Date.now() > until) throw new Error(`the browser stays at ${new URL(page.url()).pathname}`)
    for (const [name, value] of Object.entries(PERSON))
      await page.fill(`input[name=${name}]`, value, { timeout: 200 }).catch(() => {})
    for (const submit of ['[type=submit]', 'button[form]'])
      await page.click(submit, { timeout: 300 }).catch(() => {})
  }
}

/** Runs a page's login, renewal and logout against one provider. */
export async function measurePage({ issuer, scope, places }: Party): Promise<MeasuredPage> {
  const close = await servePage(places.page)
  const browser = await launchChromium()
  const page = await (await browser.newContext()).newPage()
  const state = () => page.evaluate(() => window.panel.state())
  try {
    await page.goto(places.page)
    await page.evaluate((party) => sessionStorage.setItem('party', party), JSON.stringify({ issuer, scope }))
    await page.reload()
    await page.waitForFunction(() => window.panel)
    await page.evaluate(() => window.panel.signIn())
    await page.waitForURL((url) => !url.href.startsWith(places.page) || url.pathname === '/callback')
    await through(page, places.page)
    await page.waitForFunction(() => window.panel)
    await page.evaluate(() => window.panel.callback())
    const before = await state()
    if (before.state !== 'active') throw new Error(`the session of the page is ${before.state}`)
    await page.goto(places.page)
    await page.waitForFunction(() => window.panel?.state().state === 'active')
    await page.evaluate(() => window.panel.renew())
    const after = await state()
    await page.evaluate(() => window.panel.logout())
    await page
      .waitForURL((url) => !url.href.startsWith(places.page), { timeout: PATIENCE_MS })
      .catch(() => {})
    await through(page, places.page)
    await page.waitForFunction(() => window.panel)
    const end = await page.evaluate(async () => {
      await new Promise((resolve) => setTimeout(resolve, 200))
      return window.panel.state().state
    })
    return {
      page: [
        'logs in',
        'is there after a reload',
        after.version > before.version ? 'renews' : 'does not renew',
        end === 'loggedOut' ? 'logs out and comes back' : `is ${end} after the logout`,
      ].join(', '),
    }
  } finally {
    await browser.close()
    close()
  }
}
