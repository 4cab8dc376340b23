import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
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
  embed = await startOauthEmbed(url, { isReact: true })
}, 120_000)
afterAll(async () => {
  await browser.close()
  await embed.stop()
})

async function open(path: string): Promise<Page> {
  const context = await watchedContext(browser, [url, embed.provider.issuer])
  const page = await context.newPage()
  await page.goto(url + path)
  return page
}

test('the page in React: a login without a click, the way back, a reload, and a logout that is told', async () => {
  const page = await open('/orders?page=2')
  await page.getByRole('link', { name: 'ada' }).click()
  await shows(page, 'An order of ada')
  expect(page.url()).toBe(`${url}/orders?page=2`)
  await page.reload()
  await shows(page, 'An order of ada')
  expect(embed.provider.counts.tokenRequests).toBe(1)
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByRole('button', { name: /yes/i }).click()
  await shows(page, 'You have signed out.')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('link', { name: 'bob' }).click()
  await shows(page, 'An order of bob')
})

test('the page in React: who declines is told so, where they were', async () => {
  const page = await open('/orders')
  await page.getByRole('link', { name: 'nobody' }).click()
  await shows(page, 'You have not signed in.')
  expect(page.url()).toBe(`${url}/orders`)
})

test('the page in React: an answer of the API that is a page is told, and written to the console', async () => {
  const page = await open('/orders')
  const written: string[] = []
  page.on('console', (message) => written.push(`${message.type()} ${message.text()}`))
  await page.route(`${url}/api/orders`, (route) =>
    route.fulfill({ contentType: 'text/html', body: '<!doctype html>' }),
  )
  await page.getByRole('link', { name: 'ada' }).click()
  await shows(page, 'The orders could not be loaded.')
  expect(written.join()).toContain('error SyntaxError')
})
