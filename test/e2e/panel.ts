import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, onTestFinished } from 'vitest'
import type { Panel } from '../../examples/admin-panel/server/servePanel.ts'
import { startPanel } from '../../examples/admin-panel/server/startPanel.ts'
import { type Backend, startBackend } from '../../examples/backend/startBackend.ts'
import { freePort } from '../../examples/demo/freePort.ts'
import type { Clock } from '../../src/base/clock.ts'
import { launchChromium } from '../browser/launchChromium.ts'
import { watchTokens } from './watchTokens.ts'

export interface Opened {
  readonly browser: Browser
  readonly backend: Backend
  readonly panel: Panel
  /** Every token that the backend has given out. */
  readonly issued: ReadonlySet<string>
  /** A browser of its own: cookies, storage, tabs. What it complains about fails the test. */
  open(options?: Parameters<Browser['newContext']>[0]): Promise<BrowserContext>
  tab(context: BrowserContext, path?: string): Promise<Page>
  /** Logs in at the form. */
  login(page: Page, email?: string): Promise<void>
  /** How often a refresh has reached the backend. */
  refreshes(): number
}

/** One panel, one backend and one Chromium for the tests of a file. */
export function panelFor(knobs: {
  readonly sessionMs: number
  readonly leadTimeMs?: number
  readonly clock?: Clock
}): Opened {
  const { issued, watched } = watchTokens()
  let opened: { browser: Browser; backend: Backend; panel: Panel } | undefined
  const it = () => {
    if (!opened) throw new Error('Only inside of a test.')
    return opened
  }

  beforeAll(async () => {
    const port = await freePort(0)
    const { sessionMs, ...rest } = knobs
    const backend = await startBackend({ panelUrl: `http://localhost:${port}`, knobs: { sessionMs } })
    const panel = await startPanel({ backend, port, fetch: watched, ...rest })
    const browser = await launchChromium()
    opened = { browser, backend, panel }
  }, 60_000)
  afterEach(() => {
    const { operator, faults } = it().backend
    operator.setProviderConnection('up')
    for (const admin of ['localAdmin', 'openidAdmin'] as const) operator.grantAdmin(admin)
    faults.clear()
  })
  afterAll(async () => {
    await opened?.browser.close()
    await opened?.panel.close()
    await opened?.backend.close()
  })

  return {
    get browser() {
      return it().browser
    },
    get backend() {
      return it().backend
    },
    get panel() {
      return it().panel
    },
    issued,
    async open(options) {
      const context = await it().browser.newContext({ viewport: { width: 1360, height: 1000 }, ...options })
      const complaints: string[] = []
      context.on('weberror', (error) => complaints.push(String(error.error())))
      context.on('console', (message) => {
        // A status of 400 and above is an answer, and no fault of the page.
        if (message.type() === 'error' && !/Failed to load resource/.test(message.text()))
          complaints.push(message.text())
      })
      onTestFinished(async () => {
        await context.close()
        expect(complaints).toEqual([])
      })
      return context
    },
    async tab(context, path = '/') {
      const page = await context.newPage()
      await page.goto(`${it().panel.url}${path}`)
      return page
    },
    async login(page, email = 'ada@local.example') {
      await page.getByLabel('E-mail').fill(email)
      await page.getByRole('button', { name: 'Sign in', exact: true }).click()
    },
    refreshes: () => it().backend.log.presentations.length,
  }
}

export const stateOf = (page: Page) => page.getByTestId('state').textContent()

/** Waits until the session of the page is in one of these states. */
export const reaches = (page: Page, ...states: string[]) => reachesWithin(45_000, page, ...states)

export const reachesWithin = (timeout: number, page: Page, ...states: string[]) =>
  expect.poll(async () => states.includes((await stateOf(page)) ?? ''), { timeout }).toBe(true)

export const shows = (page: Page, text: string | RegExp) =>
  page.getByText(text).first().waitFor({ state: 'visible', timeout: 30_000 })
