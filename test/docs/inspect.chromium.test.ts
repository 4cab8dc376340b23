import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { bundlePage } from '../browser/bundlePage.ts'
import { launchChromium } from '../browser/launchChromium.ts'

const here = fileURLToPath(new URL('.', import.meta.url))
const ORIGIN = 'https://panel.example'

/** What the page of the docs says to serve, by its path. */
const files = new Map<string, string>()
let browser: Browser

beforeAll(async () => {
  const text = await readFile(new URL('../../docs/inspect.md', import.meta.url), 'utf8')
  for (const [, html = ''] of text.matchAll(/^```html\n<!-- inspector\.html -->\n(.*?)^```/gms))
    files.set('/inspector.html', html)
  const folder = await mkdtemp(`${here}.samples-`)
  try {
    for (const [, name = '', code = ''] of text.matchAll(/^```ts\n\/\/ (\w+)\.ts\n(.*?)^```/gms)) {
      await writeFile(`${folder}/${name}.ts`, code)
      files.set(`/${name}.js`, await bundlePage(`docs/${basename(folder)}/${name}.ts`))
    }
  } finally {
    await rm(folder, { recursive: true })
  }
  for (const name of ['panel', 'framed']) {
    const body = `<body><button id="inspect">Inspect</button><script type="module" src="/${name}.js"></script></body>`
    files.set(`/${name}.html`, `<!doctype html><title>${name}</title>${body}`)
  }
  files.set(
    '/unasked.html',
    `<!doctype html><script>document.title = window.open('/inspector.html')</script>`,
  )
  // The popup blocker is what the samples have to get past.
  browser = await launchChromium({ isWhole: true })
}, 120_000)
afterAll(() => browser?.close())

async function open(path: string): Promise<Page> {
  const context = await browser.newContext()
  await context.route('**/*', (route) => {
    const { origin, pathname } = new URL(route.request().url())
    const body = origin === ORIGIN ? files.get(pathname) : undefined
    const contentType = pathname.endsWith('.js') ? 'text/javascript' : 'text/html'
    return body === undefined ? route.abort() : route.fulfill({ body, contentType })
  })
  const page = await context.newPage()
  await page.goto(ORIGIN + path)
  return page
}

test('what the samples have to get past: a window that nobody clicked for does not open', async () => {
  const page = await open('/unasked.html')
  expect(await page.title()).toBe('null')
  expect(page.context().pages()).toHaveLength(1)
  await page.context().close()
})

test('the samples, as they are written: a click opens the inspector though popups are blocked, and it is told', async () => {
  const page = await open('/panel.html')
  const opened = page.waitForEvent('popup')
  await page.getByRole('button', { name: 'Inspect' }).click()
  const inspector = await opened
  await inspector.getByText('xstate.init: loggedOut').waitFor()
  expect(inspector.url()).toBe(`${ORIGIN}/inspector.html`)
  await page.context().close()
})

test('and in a frame, without a click', async () => {
  const page = await open('/framed.html')
  await page.frameLocator('iframe').getByText('xstate.init: loggedOut').waitFor()
  await page.context().close()
})
