import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { Panel } from '../../examples/admin-panel/server/servePanel.ts'
import { startPanel } from '../../examples/admin-panel/server/startPanel.ts'
import { type Backend, startBackend } from '../../examples/backend/startBackend.ts'
import { freePort } from '../../examples/demo/freePort.ts'
import { type OauthEmbed, startOauthEmbed } from '../../examples/embed/startEmbed.ts'
import { engines } from '../browser/engines/all.ts'
import type { Engine, EnginePage, Profile } from '../browser/engines/engine.ts'
import { clickOn, shows, text, typeInto } from '../browser/engines/look.ts'
import { startWire } from './startWire.ts'
import { watchTokens } from './watchTokens.ts'

const USERS = 'Tom Twofactor'
const ORDER = 'An order of ada'

const { issued, watched } = watchTokens()
let backend: Backend
let panel: Panel
let wire: Awaited<ReturnType<typeof startWire>>
let direct: OauthEmbed
let directUrl: string
beforeAll(async () => {
  const port = await freePort(0)
  const url = `http://localhost:${port}`
  const behind = await freePort(0)
  backend = await startBackend({ panelUrl: url, knobs: { sessionMs: 600_000 } })
  panel = await startPanel({ backend, port: behind, url, fetch: watched })
  wire = await startWire(port, behind)
  directUrl = `http://localhost:${await freePort(0)}`
  direct = await startOauthEmbed(directUrl)
}, 60_000)
afterAll(async () => {
  await wire?.close()
  await panel?.close()
  await backend?.close()
  await direct?.stop()
})

const state = (page: EnginePage) =>
  page.evaluate(() => document.querySelector('[data-testid=state]')?.textContent ?? '').catch(() => '')
const reaches = (page: EnginePage, wanted: string) =>
  expect.poll(() => state(page), { timeout: 30_000 }).toBe(wanted)

async function tab(profile: Profile, url: string): Promise<EnginePage> {
  const page = await profile.page()
  await page.goto(url)
  return page
}

/** All that a script of the page could read of a login. */
const readable = (page: EnginePage) =>
  page.evaluate(async () => {
    const databases = (await indexedDB.databases?.()) ?? []
    const stored = [...Object.entries(localStorage), ...Object.entries(sessionStorage)]
    return JSON.stringify([document.cookie, stored, databases.map(({ name }) => name)])
  })

describe.each(engines)('in %s', (_, start) => {
  let engine: Engine
  beforeAll(async () => {
    engine = await start()
  }, 60_000)
  afterAll(() => engine?.close())

  async function open() {
    const profile = await engine.open()
    onTestFinished(() => profile.close())
    return profile
  }

  async function loggedIn() {
    const profile = await open()
    const page = await tab(profile, `${panel.url}/users`)
    await shows(page, 'Sign in with OpenID')
    await typeInto(page, 'email', 'ada@local.example')
    await clickOn(page, 'Sign in')
    await shows(page, USERS)
    return { profile, page }
  }

  describe('the panel behind its server', () => {
    test('a login with a password lasts over a reload, in a cookie that no script reads', async () => {
      const { page } = await loggedIn()
      await reaches(page, 'active')
      expect(await page.evaluate(() => document.cookie)).toBe('')
      expect(issued.size).toBeGreaterThan(0)
      for (const token of issued) expect(await readable(page)).not.toContain(token)
      await page.goto(`${panel.url}/users`)
      await shows(page, USERS)
      await reaches(page, 'active')
    })

    test('a login with OpenID comes back to where it began', async () => {
      const page = await tab(await open(), `${panel.url}/settings?tab=2#theme`)
      await shows(page, 'Sign in with OpenID')
      await clickOn(page, 'Sign in with OpenID')
      await shows(page, 'Sign in as')
      await clickOn(page, 'Olga Openid (olga)')
      await expect
        .poll(() => page.evaluate(() => location.href).catch(() => ''), { timeout: 30_000 })
        .toBe(`${panel.url}/settings?tab=2#theme`)
      await shows(page, 'Olga Openid')
    })

    test('a logout in one tab is a logout in the other, and both show it', async () => {
      const { profile, page } = await loggedIn()
      const other = await tab(profile, `${panel.url}/users`)
      await shows(other, USERS)
      await clickOn(page, 'Sign out')
      await shows(page, 'You have signed out.')
      await shows(other, 'Sign in with OpenID')
      expect(await text(other)).not.toContain(USERS)
    })

    test('a wire that is cut logs nobody out, and the session goes on when it is mended', async () => {
      const { page } = await loggedIn()
      await reaches(page, 'active')
      await wire.cut()
      onTestFinished(() => wire.mend().catch(() => {}))
      await clickOn(page, 'Stay signed in')
      await reaches(page, 'retrying')
      expect(await text(page)).toContain(USERS)
      await wire.mend()
      await reaches(page, 'active')
    })

    test('the machine is on the page, and names the state it is in', async () => {
      const { page } = await loggedIn()
      await reaches(page, 'active')
      const names = await page.evaluate(() =>
        [...document.querySelectorAll('svg text')].map(({ textContent }) => textContent?.trim()),
      )
      expect(names).toEqual(
        expect.arrayContaining(['active', 'nearingExpiry', 'refreshing', 'retrying', 'expired', 'loggedOut']),
      )
    })
  })

  describe('a page that holds its tokens', () => {
    async function signedIn() {
      const profile = await open()
      const page = await tab(profile, `${directUrl}/`)
      await shows(page, 'Sign in')
      await clickOn(page, 'Sign in')
      await shows(page, 'Sign in as')
      await clickOn(page, 'ada')
      await shows(page, ORDER)
      return { profile, page }
    }

    test('a login at the provider lasts over a reload, and a second tab has it too', async () => {
      const { profile, page } = await signedIn()
      await page.goto(`${directUrl}/`)
      await shows(page, ORDER)
      await shows(await tab(profile, `${directUrl}/`), ORDER)
    })

    test('a logout ends it in all tabs, and a reload brings nothing back', async () => {
      const { profile, page } = await signedIn()
      const other = await tab(profile, `${directUrl}/`)
      await shows(other, ORDER)
      await clickOn(page, 'Sign out')
      await shows(other, 'You have signed out in another tab.')
      expect(await text(other)).not.toContain(ORDER)
      await other.goto(`${directUrl}/`)
      await shows(other, 'Sign in')
      expect(await text(other)).not.toContain(ORDER)
    })
  })
})
