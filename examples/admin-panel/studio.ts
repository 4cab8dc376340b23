import type { Browser, Page } from 'playwright-core'
import { type Backend, startBackend } from '../backend/startBackend.ts'
import { freePort } from '../demo/freePort.ts'
import { startInspector } from '../inspector/startInspector.ts'
import { startPanel } from './server/startPanel.ts'

const WAIT_MS = 90_000

export interface Look {
  readonly colorScheme?: 'light' | 'dark'
  readonly width?: number
  readonly height?: number
  /** How many pixels of a picture one CSS pixel has. @default 1 */
  readonly scale?: number
  /** With an inspector that the panel reports to. @default false */
  readonly isInspected?: boolean
}

/** The panel in a browser, with a backend of its own to break. */
export interface Studio {
  readonly page: Page
  readonly backend: Backend
  /** The page of the inspector, where there is one. */
  readonly inspectorUrl: string | undefined
  login(): Promise<void>
  press(name: string | RegExp): Promise<void>
  /** Until the session of the page is in `state`. */
  until(state: string): Promise<void>
  shows(text: string | RegExp): Promise<void>
  close(): Promise<void>
}

export async function openStudio(browser: Browser, look: Look): Promise<Studio> {
  const port = await freePort(0)
  const backend = await startBackend({
    panelUrl: `http://localhost:${port}`,
    knobs: { sessionMs: 60_000 },
  })
  const inspector = look.isInspected
    ? await startInspector({
        port: await freePort(0),
        pages: { [`http://localhost:${port}`]: 'Admin panel' },
      })
    : undefined
  const panel = await startPanel({ backend, port, inspectorUrl: inspector?.socketUrl })
  const context = await browser.newContext({
    viewport: { width: look.width ?? 1280, height: look.height ?? 960 },
    colorScheme: look.colorScheme ?? 'light',
    deviceScaleFactor: look.scale ?? 1,
    reducedMotion: 'reduce',
  })
  context.setDefaultTimeout(WAIT_MS)
  const page = await context.newPage()
  await page.goto(panel.url)
  const shows = (text: string | RegExp) => page.getByText(text).first().waitFor({ state: 'visible' })
  return {
    page,
    backend,
    inspectorUrl: inspector?.url,
    shows,
    async login() {
      await page.getByRole('button', { name: 'Sign in', exact: true }).click()
      await shows('Tom Twofactor')
    },
    press: (button) => page.getByRole('button', { name: button }).click(),
    until: (state) => page.locator(`[data-testid="state"]:text-is("${state}")`).waitFor({ state: 'visible' }),
    async close() {
      await context.close()
      backend.faults.clear()
      await panel.close()
      await inspector?.close()
      await backend.close()
    },
  }
}
