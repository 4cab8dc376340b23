import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { stateNodes } from '../../docs/chart.ts'
import { buildSite, type Site } from '../../docs/site/buildSite.ts'
import { launchChromium } from '../browser/launchChromium.ts'
import { violationsOf } from '../e2e/violationsOf.ts'

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css',
  '.js': 'text/javascript',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
}

// A machine that does other things at the same time is no fault of the pages.
vi.setConfig({ testTimeout: 180_000 })

let site: Site
let browser: Browser
let origin: string
/** What the site asked of others, and what its policy or its scripts complained about. */
const wrong: string[] = []

const server = createServer((request, response) => {
  const path = decodeURI(new URL(request.url ?? '/', 'http://x').pathname).slice(1) || 'index.html'
  // A browser asks for it by itself, where a picture is the page.
  if (path === 'favicon.ico') {
    response.writeHead(204).end()
    return
  }
  const content = site.files.get(path)
  if (content === undefined) wrong.push(`404 ${path}`)
  response.writeHead(content === undefined ? 404 : 200, {
    'content-type': types[extname(path)] ?? 'text/plain',
  })
  response.end(content)
})

beforeAll(async () => {
  site = await buildSite()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  browser = await launchChromium()
}, 240_000)

afterAll(async () => {
  await browser?.close()
  server.close()
})

async function open(path: string, width: number, colorScheme: 'light' | 'dark'): Promise<Page> {
  const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme })
  page.on('request', (request) => {
    if (!request.url().startsWith(origin)) wrong.push(`asked for ${request.url()}`)
  })
  // A breach of the policy is told there too.
  page.on('console', (message) => wrong.push(message.text()))
  page.on('pageerror', (error) => wrong.push(String(error)))
  page.setDefaultTimeout(120_000)
  await page.goto(origin + path)
  return page
}

const shown = ['index.html', 'guide.html', 'panel.html', 'statechart.html', 'chaos.html']
const generated = ['states/refreshing.html', 'api/react.html']

test.each([...shown, ...generated])(
  '%s: axe finds nothing, nothing is asked of others, a phone does not scroll sideways',
  async (path) => {
    for (const [width, scheme] of [
      [1360, 'light'],
      [390, 'dark'],
    ] as const) {
      const page = await open(path, width, scheme)
      expect(await violationsOf(page), `${width} ${scheme}`).toEqual([])
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width)
      if (width > 1000) {
        await page.evaluate('scrollTo(0, 500)')
        const top = await page.locator('#pages').evaluate((pages) => pages.getBoundingClientRect().top)
        expect(top, 'the navigation stays').toBeGreaterThanOrEqual(0)
      }
      await page.close()
    }
    expect(wrong).toEqual([])
  },
)

test.each(['index.html', 'statechart.html', ...stateNodes.map(({ key }) => `states/${key}.html`)])(
  '%s: its picture is whole and legible on a laptop, and on a phone or a way to the rest of it is shown',
  async (path) => {
    for (const width of [1280, 1225, 900, 390]) {
      const page = await open(path, width, 'light')
      const { fits, smallest, isCut } = await page.locator('.drawing').evaluate((drawing) => {
        const texts = [...drawing.querySelectorAll('text')].filter((text) => text.checkVisibility())
        const { left, right } = drawing.getBoundingClientRect()
        const heightOf = (text: SVGTextElement) =>
          Number.parseFloat(getComputedStyle(text).fontSize) * (text.getScreenCTM()?.a ?? 0)
        return {
          fits: drawing.scrollWidth <= drawing.clientWidth,
          smallest: Math.min(...texts.map(heightOf)),
          isCut: texts.some((text) => {
            const own = text.getBoundingClientRect()
            return own.left < left || own.right > right
          }),
        }
      })
      expect(smallest, `${width}: size of its letters`).toBeGreaterThanOrEqual(11)
      const hint = page.getByText('Scroll sideways')
      if (width === 1280) expect({ fits, isCut }).toEqual({ fits: true, isCut: false })
      expect((await hint.count()) > 0 && (await hint.isVisible())).toBe(!fits)
      await page.getByRole('link', { name: 'The picture by itself' }).click()
      await page.waitForURL('**/assets/*.svg')
      // It has the colours of the site, and its own size.
      const [isStyled, isWhole] = await page.evaluate(() => {
        const { documentElement: drawing } = document
        const active = drawing.querySelector('.node text') as Element
        const size = drawing.getBoundingClientRect().width
        return [
          getComputedStyle(active).textAnchor === 'middle',
          size >= Number(drawing.getAttribute('width')),
        ]
      })
      expect([isStyled, isWhole]).toEqual([true, true])
      await page.close()
    }
    expect(wrong).toEqual([])
  },
)

test('the search finds a name, by keyboard alone', async () => {
  const page = await open('states/active.html', 1360, 'light')
  await page.keyboard.press('/')
  await page.keyboard.type('idletimeout')
  await page.locator('.found a').first().waitFor()
  expect(await violationsOf(page)).toEqual([])
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Enter')
  await page.waitForURL(/#/)
  await page.keyboard.press('/')
  await page.keyboard.type('sessionExp')
  await page.keyboard.press('Enter')
  await page.waitForURL('**/api/xstate-session.html#SessionExpired')
  await page.close()
  expect(wrong).toEqual([])
})

test('on a phone the pages are behind a button, that opens and closes without a script of ours', async () => {
  const page = await open('guide.html', 390, 'light')
  const link = page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Statechart' })
  expect(await link.count()).toBe(0)
  await page.getByRole('button', { name: 'Pages' }).press('Enter')
  await link.waitFor()
  expect(await violationsOf(page)).toEqual([])
  await page.keyboard.press('Escape')
  await link.waitFor({ state: 'hidden' })
  await page.getByRole('button', { name: 'Pages' }).click()
  await link.click()
  await page.waitForURL('**/statechart.html')
  await page.close()
  expect(wrong).toEqual([])
})

test.each([
  [1360, 'proof.html'],
  [1360, 'api/oauth.html'],
  [390, 'proof.html'],
])('at %d the navigation shows where one is: %s', async (width, path) => {
  const page = await open(path, width, 'light')
  if (width < 1000) await page.getByRole('button', { name: 'Pages' }).click()
  const here = page.locator('#pages [aria-current]')
  await expect.poll(() => here.evaluate((link) => link.getBoundingClientRect().bottom)).toBeLessThan(900)
  expect(await here.evaluate((link) => link.getBoundingClientRect().top)).toBeGreaterThan(56)
  expect(await page.evaluate('scrollY')).toBe(0)
  await page.close()
})

test('numbers of a table stand to the right', async () => {
  const page = await open('chaos.html', 1360, 'light')
  const cell = page.locator('table .right').first()
  expect(await cell.evaluate((one) => getComputedStyle(one).textAlign)).toBe('right')
  await page.close()
})

test('without scripts everything but the search is there', async () => {
  const context = await browser.newContext({ javaScriptEnabled: false })
  const page = await context.newPage()
  await page.goto(`${origin}guide.html`)
  expect(await page.locator('search').isVisible()).toBe(false)
  await page.getByRole('link', { name: 'Statechart' }).first().click()
  await page.waitForURL('**/statechart.html')
  await context.close()
})
