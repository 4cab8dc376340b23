import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Panel } from '../../examples/admin-panel/server/servePanel.ts'
import { startProviderPanel } from '../../examples/admin-panel/server/startProviderPanel.ts'
import { freePort } from '../../examples/demo/freePort.ts'
import { launchChromium } from '../browser/launchChromium.ts'
import { reaches, shows } from './panel.ts'
import { watchedContext } from './watchedContext.ts'

let browser: Browser
let panel: Panel & { readonly issuer: string }
beforeAll(async () => {
  browser = await launchChromium()
  panel = await startProviderPanel({ port: await freePort(0), bearerSeconds: 60 })
}, 120_000)
afterAll(async () => {
  await browser.close()
  await panel.close()
})

test('the panel at an OpenID provider: sign-in, data, fifty calls and one refresh, settings, sign-out', async () => {
  const context = await watchedContext(browser, [panel.url, panel.issuer])
  const page = await context.newPage()
  await page.goto(panel.url)
  await shows(page, 'Sign in with OpenID')
  expect(await page.getByLabel('Password').count()).toBe(0)
  await page.getByRole('button', { name: 'Sign in with OpenID' }).click()
  await page.getByRole('link', { name: 'olga' }).click()
  await shows(page, 'bob@example.com')
  await reaches(page, 'active')
  await page.getByRole('button', { name: 'End the bearer' }).click()
  await page.getByRole('button', { name: /Fire 50 calls/ }).click()
  await shows(page, /50 × 200; 1 refresh\. One refresh for all of them/)
  // What it has no part for is not offered.
  expect(await page.getByRole('button', { name: 'Restart the backend' }).count()).toBe(0)
  await page.getByRole('link', { name: 'Settings' }).click()
  await page.getByLabel('theme').selectOption('dark')
  await shows(page, 'Saved.')
  if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/in.png`, fullPage: true })
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByRole('button', { name: /yes/i }).click()
  await shows(page, 'Sign in with OpenID')
  if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/out.png`, fullPage: true })
})

/** The demo, started as a reader does, until it has said its first line or has ended. */
async function demo(...args: string[]) {
  const child = spawn(process.execPath, ['examples/demo/main.ts', ...args], {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
  })
  let said = ''
  const ended = once(child, 'exit').then(([code]) => code as number | null)
  const line = new Promise<void>((resolve) => {
    const hear = (data: Buffer) => {
      said += data
      if (said.includes('\n')) resolve()
    }
    child.stdout.on('data', hear)
    child.stderr.on('data', hear)
  })
  await Promise.race([line, ended])
  return { child, ended, first: () => said.split('\n')[0] }
}

test('`npm run demo -- --provider oidc` says first where to look', async () => {
  const { child, ended, first } = await demo('--provider', 'oidc')
  expect(first()).toMatch(/^Open http:\/\/localhost:\d+ : an admin panel at an OpenID provider/)
  child.kill('SIGINT')
  expect(await ended).toBe(0)
})

test.each([
  [['--provider', 'okta'], '"okta"'],
  [['--provider'], 'nothing'],
  [['--provider', 'oidc', '--once'], '"oidc --once"'],
  [['--provider=keycloak'], '"keycloak"'],
])('`npm run demo -- %s` is told what it takes', async (args, given) => {
  const { ended, first } = await demo(...args)
  expect(await ended).toBe(2)
  expect(first()).toBe(`--provider takes "oidc" and nothing after it; it was given ${given}.`)
})
