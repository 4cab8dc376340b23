import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { engines } from '../browser/engines/all.ts'
import type { Engine, EnginePage, Profile } from '../browser/engines/engine.ts'
import { startPopupPanel } from './popupPanel.ts'

declare global {
  interface Window {
    /** Whom the page names to the provider, which then asks nothing. */
    hint?: string | undefined
    arrive?: () => void
  }
}

let panel: Awaited<ReturnType<typeof startPopupPanel>>
beforeAll(async () => {
  panel = await startPopupPanel()
}, 60_000)
afterAll(() => panel?.close())

const text = (page: EnginePage, id: string) =>
  expect.poll(() => page.evaluate((at) => document.getElementById(at)?.textContent, id))

/** A real click: without one no browser opens a window. */
async function click(page: EnginePage, id: string, hint?: string) {
  const { x, y } = await page.evaluate(
    ({ at, who }) => {
      window.hint = who
      const { left, top, width, height } = (
        document.getElementById(at) as HTMLElement
      ).getBoundingClientRect()
      return { x: Math.round(left + width / 2), y: Math.round(top + height / 2) }
    },
    { at: id, who: hint },
  )
  await page.click(x, y)
}

const windows = (profile: Profile) => expect.poll(() => profile.windows())

describe.each(engines)('in %s', (_, start) => {
  let engine: Engine
  beforeAll(async () => {
    engine = await start()
  }, 60_000)
  afterAll(() => engine?.close())

  async function open(policy = '') {
    panel.setOpenerPolicy(policy)
    const profile = await engine.open()
    onTestFinished(() => profile.close())
    const page = await profile.page()
    await page.goto(`${panel.url}/`)
    return { profile, page }
  }

  test('L6: the window opens in the click, though the provider’s metadata are long in coming', async () => {
    const { profile, page } = await open()
    await page.evaluate(() => {
      const send = window.fetch
      const come = new Promise<void>((resolve) => {
        window.arrive = resolve
      })
      window.fetch = async (input, init) => {
        if (String(input).endsWith('/openid-configuration')) await come
        return send(input, init)
      }
    })
    await click(page, 'window', 'ada')
    await windows(profile).toBe(2)
    await text(page, 'outcome').toBe('asked')
    await page.evaluate(() => window.arrive?.())
    await text(page, 'outcome').toBe('done')
    await text(page, 'who').toBe('Ada, active')
    await windows(profile).toBe(1)
  })

  test('L6: none is left where the provider is away', async () => {
    const { profile, page } = await open()
    await page.evaluate(() => {
      window.fetch = async () => {
        throw new TypeError('away')
      }
    })
    await click(page, 'window', 'ada')
    await text(page, 'outcome').toBe('login_failed provider_unavailable')
    await windows(profile).toBe(1)
  })

  test('L6: one that the browser does not let open is told at once', async () => {
    const { profile, page } = await open()
    await page.goto(`${panel.url}/?unclicked`)
    await text(page, 'outcome').toBe('login_failed popup_blocked')
    await windows(profile).toBe(1)
  })

  test.each(['', 'same-origin', 'same-origin-allow-popups'])(
    'L61: stepping up is answered, declined and given up, where the provider’s policy is same-origin, the page’s "%s"',
    async (policy) => {
      const { profile, page } = await open(policy)
      for (const [id, hint, outcome] of [
        ['window', 'ada', 'done'],
        ['again', 'ada', 'done'],
        ['again', 'nobody', 'login_failed access_denied'],
        ['again', 'bob', 'login_failed other_user'],
      ] as const) {
        await click(page, id, hint)
        await text(page, 'outcome').toBe(outcome)
        await text(page, 'who').toBe('Ada, active')
        await windows(profile).toBe(1)
      }
      await click(page, 'again')
      await windows(profile).toBe(2)
      await page.front()
      // Under some drivers a page has the focus all the time, and none hears that it comes. It may not listen yet, and each
      // time it waits for a moment: so again, and not too soon.
      const comeBack = async () => {
        await page.evaluate(() => void dispatchEvent(new Event('focus')))
        return page.evaluate(() => document.getElementById('outcome')?.textContent)
      }
      await expect.poll(comeBack, { interval: 3_000 }).toBe('returned')
      await click(page, 'cancel')
      await text(page, 'outcome').toBe('login_failed login_cancelled')
      await text(page, 'who').toBe('Ada, active')
    },
  )
})
