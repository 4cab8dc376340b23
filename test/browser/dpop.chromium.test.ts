import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest'
import { type StrictParty, startStrictParty } from '../dpop/strictParty.ts'
import { bundlePage } from './bundlePage.ts'
import { launchChromium } from './launchChromium.ts'
import type { DpopPage } from './page/dpop.ts'

declare global {
  interface Window {
    page: DpopPage
  }
}

let party: StrictParty
let http: Server
let browser: Browser
let url = ''
beforeAll(async () => {
  party = await startStrictParty()
  const script = await bundlePage('browser/page/dpop.ts')
  http = createServer((request, response) => {
    const isScript = request.url === '/page.js'
    response.writeHead(200, { 'content-type': isScript ? 'text/javascript' : 'text/html' })
    response.end(isScript ? script : '<!doctype html><script type="module" src="/page.js"></script>')
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  url = `http://localhost:${(http.address() as AddressInfo).port}/?party=${party.url}`
  browser = await launchChromium()
}, 60_000)
afterAll(async () => {
  await browser.close()
  http.close()
  await party.close()
})
beforeEach(() => party.reset())

async function open(): Promise<Page> {
  const context = await browser.newContext()
  onTestFinished(() => context.close())
  const page = await context.newPage()
  await page.goto(url)
  await page.waitForFunction(() => window.page)
  return page
}

async function logIn(page: Page): Promise<string> {
  const location = await page.evaluate(() => window.page.begin())
  const parameters = party.authorize(new URL(location)).toString()
  return page.evaluate((given) => window.page.finish(given), parameters)
}

test('L53: nonces of a provider and an API of another origin, which expose them, cost one request each', async () => {
  party.as.nonces = 'rotating'
  party.api.nonces = 'rotating'
  const page = await open()
  expect(await logIn(page)).toBe('in')
  for (let call = 0; call < 5; call++) expect(await page.evaluate(() => window.page.call())).toBe(200)
  expect(party.counts).toEqual({ token: 2, api: 6 })
})

test('L55: what CORS hides is named, of the provider and of the API, and asked for in no loop', async () => {
  const page = await open()
  party.as.nonces = 'rotating'
  party.as.exposed = []
  expect(await logIn(page)).toMatch(/^misconfigured: .*DPoP-Nonce in Access-Control-Expose-Headers/)
  expect(party.counts).toEqual({ token: 1, api: 0 })
  party.as.nonces = 'none'
  expect(await logIn(page)).toBe('in')
  party.api.nonces = 'rotating'
  party.api.exposed = ['WWW-Authenticate']
  expect(await page.evaluate(() => window.page.call())).toMatch(
    /^misconfigured: The API .*DPoP-Nonce in Access-Control-Expose-Headers/,
  )
  expect(party.counts.api).toBe(1)
  party.api.exposed = []
  for (let call = 0; call < 3; call++)
    expect(await page.evaluate(() => window.page.call())).toMatch(
      /neither its WWW-Authenticate nor its DPoP-Nonce/,
    )
  // One renewal, for a token that might have ended.
  expect(party.counts).toEqual({ token: 3, api: 5 })
  party.api.exposed = ['DPoP-Nonce']
  expect(await page.evaluate(() => window.page.call())).toBe(200)
})

test('L58: a device that is ten minutes off, whose page sees no Date: the nonce of the provider does, and the API takes it from there', async () => {
  const page = await open()
  await page.clock.setSystemTime(Date.now() + 600_000)
  party.as.nonces = 'rotating'
  party.as.exposed = ['DPoP-Nonce']
  party.api.exposed = []
  expect(await logIn(page)).toBe('in')
  expect(await page.evaluate(() => window.page.call())).toBe(200)
  expect(party.log[0]?.iat).toBeGreaterThan(Date.now() / 1000 + 500)
  expect(party.counts).toEqual({ token: 2, api: 1 })
})
