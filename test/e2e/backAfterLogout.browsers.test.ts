import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { freePort } from '../../examples/demo/freePort.ts'
import { type OauthEmbed, startOauthEmbed } from '../../examples/embed/startEmbed.ts'
import { engines } from '../browser/engines/all.ts'
import type { Engine } from '../browser/engines/engine.ts'
import { clickOn, shows, text } from '../browser/engines/look.ts'

declare global {
  interface Window {
    /** What was to be seen of the page at each frame since it came out of the cache. */
    shownFrames?: string[]
  }
}

let embed: OauthEmbed
let url: string
beforeAll(async () => {
  url = `http://localhost:${await freePort(0)}`
  embed = await startOauthEmbed(url)
}, 60_000)
afterAll(() => embed?.stop())

const ORDER = 'An order of ada'
/** WebKitGTK runs no script of a page with a `Cross-Origin-Opener-Policy` any more that a user comes back to, whoever wrote it. */
const able = engines.filter(([name]) => name !== 'WebKit')

describe.each(able)('in %s', (_, start) => {
  let engine: Engine
  beforeAll(async () => {
    engine = await start()
  }, 60_000)
  afterAll(() => engine?.close())

  test('L44: who goes back after a logout in another tab sees nothing of the session', async () => {
    const profile = await engine.open()
    onTestFinished(() => profile.close())
    const page = await profile.page()
    await page.goto(`${url}/`)
    await shows(page, 'Sign in')
    await clickOn(page, 'Sign in')
    await shows(page, 'Sign in as')
    await clickOn(page, 'ada')
    await shows(page, ORDER)
    await page.evaluate(() => {
      addEventListener('pageshow', ({ persisted }) => {
        if (!persisted) return
        const frames: string[] = []
        window.shownFrames = frames
        const look = () => {
          if (getComputedStyle(document.body).visibility === 'visible') frames.push(document.body.innerText)
          requestAnimationFrame(look)
        }
        look()
      })
    })
    await page.goto(`${embed.provider.issuer}/interaction/none`)
    const other = await profile.page()
    await other.goto(`${url}/`)
    await shows(other, ORDER)
    await clickOn(other, 'Sign out')
    await shows(other, 'Sign out?')
    await page.back()
    await shows(page, /Please sign in|You have signed out/)
    expect(await text(page)).not.toContain(ORDER)
    const frames = await page.evaluate(() => window.shownFrames)
    expect(frames?.filter((frame) => frame.includes('An order of ada')) ?? []).toEqual([])
  })
})
