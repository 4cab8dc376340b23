import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { stateNodes } from '../../docs/chart.ts'
import { readReference } from '../../docs/site/readReference.ts'
import { writePages } from '../../docs/site/writePages.ts'
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

let folder: string
let browser: Browser
let origin: string
/** What the site asked of others, and what its policy or its scripts complained about. */
const wrong: string[] = []

/** Not at the root: a site may stand in a folder of its server. */
const base = '/docs/'

const server = createServer((request, response) => {
  const path = decodeURI(new URL(request.url ?? '/', 'http://x').pathname)
  // A browser asks for it by itself.
  if (path === '/favicon.ico') {
    response.writeHead(204).end()
    return
  }
  const file = join(folder, path.endsWith('/') ? `${path}index.html` : path).replace(base, '/')
  const isThere = path.startsWith(base) && existsSync(file)
  if (!isThere) wrong.push(`404 ${path}`)
  response.writeHead(isThere ? 200 : 404, { 'content-type': types[extname(file)] ?? 'text/plain' })
  response.end(isThere ? readFileSync(file) : '')
})

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'site-'))
  await writePages(await readReference())
  // It fails where a link between pages is dead. In a process of its own, as `npm run docs`: the import condition
  // `development` of a test gives it Vue's development build, which complains of VitePress' own parts.
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    [
      '--input-type=module',
      '--eval',
      `import { build } from 'vitepress'; await build('docs/site', ${JSON.stringify({ outDir: folder, base })})`,
    ],
    {
      cwd: fileURLToPath(new URL('../..', import.meta.url)),
      env: { ...process.env, NODE_ENV: 'production', NODE_OPTIONS: '' },
    },
  )
  expect(stdout + stderr).not.toContain('[Vue warn]')
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}${base}`
  browser = await launchChromium()
}, 600_000)

afterAll(async () => {
  await browser?.close()
  server.close()
  await rm(folder, { recursive: true })
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

const shown = ['index.html', 'guide.html', 'panel.html', 'statechart.html', 'chaos.html', 'runs.html']
const generated = ['states/refreshing.html', 'api/react.html', 'api/server.html']

test.each([...shown, ...generated])(
  '%s: axe finds nothing, nothing is asked of others, a phone does not scroll sideways',
  async (path) => {
    for (const [width, scheme] of [
      [1360, 'light'],
      [768, 'light'],
      [390, 'dark'],
    ] as const) {
      const page = await open(path, width, scheme)
      expect(await violationsOf(page), `${width} ${scheme}`).toEqual([])
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width)
      await page.close()
    }
    expect(wrong).toEqual([])
  },
)

test.each(['index.html', 'statechart.html', ...stateNodes.map(({ key }) => `states/${key}.html`)])(
  '%s: its picture is whole and legible on a laptop and on a phone; on less a way to the rest of it is shown',
  async (path) => {
    for (const width of [1280, 900, 768, 390, 320]) {
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
      if (width >= 390) expect({ fits, isCut }, `${width}`).toEqual({ fits: true, isCut: false })
      expect((await hint.count()) > 0 && (await hint.isVisible()), `${width}`).toBe(!fits)
      await page.getByRole('link', { name: 'The picture by itself' }).click()
      await page.waitForURL('**/pictures/*.svg')
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

test.each([
  ['idletimeout', /#/],
  ['SessionExpired', /\/api\/xstate-session\.html#sessionexpired$/],
])('the search finds %s, by keyboard alone', async (word, place) => {
  const page = await open('states/active.html', 1360, 'light')
  // Its scripts run once they are there.
  await page.waitForFunction(() => '__vue_app__' in (document.querySelector('#app') ?? {}))
  await page.keyboard.press('/')
  const box = page.getByRole('searchbox')
  await expect.poll(() => box.evaluate((one) => one === document.activeElement)).toBe(true)
  await page.keyboard.type(word)
  const first = page.locator('.results .result').first()
  await first.waitFor()
  await page.keyboard.press('Enter')
  await page.waitForURL(place)
  await page.close()
  expect(wrong).toEqual([])
})

test('on a phone the pages are behind a button', async () => {
  const page = await open('guide.html', 390, 'light')
  const link = page.locator('.VPSidebar').getByRole('link', { name: 'Statechart' })
  const isOut = async () => (await link.evaluate((one) => one.getBoundingClientRect().right)) <= 0
  expect(await isOut()).toBe(true)
  await page.getByRole('button', { name: 'Menu' }).click()
  await link.click()
  await page.waitForURL('**/statechart.html')
  await page.close()
  expect(wrong).toEqual([])
})

test('a test that a page names is shown, at its line; a run by its own page', async () => {
  const page = await open('why-sessions-die.html', 1360, 'light')
  await page.locator('a[href*="/source/"]').first().click()
  await page.waitForURL(/\/source\/.*#L\d+$/)
  const line = page.locator(`[id="${new URL(page.url()).hash.slice(1)}"]`)
  await expect.poll(() => line.evaluate((one) => one.getBoundingClientRect().top)).toBeLessThan(900)
  await page.goto(`${origin}runs.html`)
  const runs = page.locator('main a[href*="/runs/"]')
  if (await runs.count()) {
    await runs.first().click()
    await page.waitForURL(/\/runs\/.*\.html$/)
  }
  await page.close()
  expect(wrong).toEqual([])
})

test('every page leads on to the next, from the first to the last', () => {
  const seen: string[] = []
  let next: string | undefined = 'index.html'
  while (next) {
    seen.push(next)
    const html: string = readFileSync(join(folder, next), 'utf8')
    next = new RegExp(`pager-link next" href="${base}([^"]+)"`).exec(html)?.[1]
  }
  expect(new Set(seen).size).toBe(seen.length)
  const pages = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  expect(pages.filter((page) => /^(?!source|runs|404).*\.html$/.test(page) && !seen.includes(page))).toEqual([
    'api/xstate-session.Namespace.StandardSchemaV1.html',
  ])
})

test('without scripts the pages are there', async () => {
  const context = await browser.newContext({ javaScriptEnabled: false })
  const page = await context.newPage()
  await page.goto(`${origin}guide.html`)
  await page.locator('.VPSidebar').getByRole('link', { name: 'Statechart' }).first().click()
  await page.waitForURL('**/statechart.html')
  await context.close()
})
