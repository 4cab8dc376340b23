/**
 * Takes a picture of every state of the panel, in a real Chromium, into docs/screenshots/.
 *
 *   npm run screenshots
 */
import { mkdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { type Browser, chromium, type Page } from 'playwright-core'
import { type Backend, startBackend } from '../backend/startBackend.ts'
import { freePort } from '../demo/freePort.ts'
import { startPanel } from './server/startPanel.ts'

const folder = fileURLToPath(new URL('../../docs/screenshots/', import.meta.url))
const WAIT_MS = 90_000

interface Look {
  readonly colorScheme?: 'light' | 'dark'
  readonly width?: number
}

interface Studio {
  readonly page: Page
  readonly backend: Backend
  login(): Promise<void>
  press(name: string | RegExp): Promise<void>
  /** Until the session of the page is in `state`. */
  until(state: string): Promise<void>
  shows(text: string | RegExp): Promise<void>
}

/** What is to be seen, by the name of its picture. Each has a browser and a backend of its own. */
const scenes: Readonly<Record<string, readonly [Look, (studio: Studio) => Promise<void>]>> = {
  login: [{}, ({ shows }) => shows('Sign in with OpenID')],
  active: [{}, ({ login }) => login()],
  'active-dark': [{ colorScheme: 'dark' }, ({ login }) => login()],
  'active-phone': [{ width: 390 }, ({ login }) => login()],
  settings: [
    {},
    async ({ login, page, shows }) => {
      await login()
      await page.getByRole('link', { name: 'Settings' }).click()
      await shows('registration')
    },
  ],
  nearingExpiry: [
    {},
    async ({ login, press, until }) => {
      await login()
      await press('Step away')
      await until('nearingExpiry')
    },
  ],
  refreshing: [
    {},
    async ({ login, backend, press, until }) => {
      await login()
      // A bearer that is not due is not renewed.
      await press('Step away')
      await until('nearingExpiry')
      backend.faults.inject('cookieRefresh', { kind: 'hang' })
      await press('Come back')
      await until('refreshing')
    },
  ],
  retrying: [
    {},
    async ({ login, press, until, shows }) => {
      await login()
      await press('Break the provider')
      await shows('The provider is down')
      await press('End the bearer')
      await press(/Fire 50/)
      await until('retrying')
    },
  ],
  expired: [
    {},
    async ({ login, press, shows }) => {
      await login()
      await press('Revoke the admin')
      await press(/Fire 50/)
      await shows('Your access has been withdrawn')
    },
  ],
  loggedOut: [
    {},
    async ({ login, press, shows }) => {
      await login()
      await press('Sign out')
      await shows('You have signed out.')
    },
  ],
  'fifty-calls': [
    { colorScheme: 'dark' },
    async ({ login, press, shows }) => {
      await login()
      await press('End the bearer')
      await press(/Fire 50/)
      await shows(/50 × 200/)
    },
  ],
}

async function shoot(browser: Browser, name: string, [look, play]: (typeof scenes)[string]): Promise<void> {
  const port = await freePort(0)
  const backend = await startBackend({
    panelUrl: `http://localhost:${port}`,
    knobs: { sessionMs: 60_000 },
  })
  const panel = await startPanel({ backend, port })
  const context = await browser.newContext({
    viewport: { width: look.width ?? 1280, height: 960 },
    colorScheme: look.colorScheme ?? 'light',
    reducedMotion: 'reduce',
  })
  context.setDefaultTimeout(WAIT_MS)
  try {
    const page = await context.newPage()
    await page.goto(panel.url)
    const shows = (text: string | RegExp) => page.getByText(text).first().waitFor({ state: 'visible' })
    await play({
      page,
      backend,
      shows,
      async login() {
        await page.getByRole('button', { name: 'Sign in', exact: true }).click()
        await shows('Tom Twofactor')
      },
      press: (button) => page.getByRole('button', { name: button }).click(),
      until: (state) =>
        page.locator(`[data-testid="state"]:text-is("${state}")`).waitFor({ state: 'visible' }),
    })
    await page.evaluate(() => window.scrollTo(0, 0))
    await page.screenshot({ path: `${folder}${name}.png`, fullPage: true })
    console.log(`docs/screenshots/${name}.png`)
  } finally {
    await context.close()
    backend.faults.clear()
    await panel.close()
    await backend.close()
  }
}

await mkdir(folder, { recursive: true })
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] })
try {
  const wanted = process.argv.slice(2)
  for (const [name, scene] of Object.entries(scenes))
    if (wanted.length === 0 || wanted.includes(name)) await shoot(browser, name, scene)
} finally {
  await browser.close()
}
