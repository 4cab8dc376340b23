/**
 * Takes a picture of every state of the panel, and strips of pictures that tell a story, in a real Chromium, into
 * docs/screenshots/.
 *
 *   npm run screenshots [-- name …]
 */
import { mkdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { type Browser, chromium } from 'playwright-core'
import { takeStrips } from './strips.ts'
import { type Look, openStudio, type Studio } from './studio.ts'

const folder = fileURLToPath(new URL('../../docs/screenshots/', import.meta.url))

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
  inspector: [
    { width: 1500, isInspected: true },
    async ({ page, login, inspectorUrl = '' }) => {
      await login()
      // The panel lives on in a window of its own: what is gone is in no state.
      const panel = await page.context().newPage()
      await panel.goto(page.url())
      await page.goto(inspectorUrl)
      await page.getByRole('button', { name: /Admin panel.*active/ }).click()
      await panel.getByRole('button', { name: 'Stay signed in' }).click()
      await page.getByLabel('Events, newest first').getByText('session.renewed').first().waitFor()
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
  const studio = await openStudio(browser, look)
  try {
    await play(studio)
    await studio.page.evaluate(() => window.scrollTo(0, 0))
    await studio.page.screenshot({ path: `${folder}${name}.png`, fullPage: true })
    console.log(`docs/screenshots/${name}.png`)
  } finally {
    await studio.close()
  }
}

await mkdir(folder, { recursive: true })
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] })
try {
  const names = process.argv.slice(2)
  const isWanted = (name: string) => names.length === 0 || names.includes(name)
  for (const [name, scene] of Object.entries(scenes)) if (isWanted(name)) await shoot(browser, name, scene)
  await takeStrips(browser, folder, isWanted)
} finally {
  await browser.close()
}
