import { mkdirSync, writeFileSync } from 'node:fs'
import { createWebSocketInspector } from '@statelyai/inspect'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { inspectSession } from 'xstate-session/inspect'
import type { Panel } from '../../examples/admin-panel/server/servePanel.ts'
import { startPanel } from '../../examples/admin-panel/server/startPanel.ts'
import { type Backend, startBackend } from '../../examples/backend/startBackend.ts'
import { freePort } from '../../examples/demo/freePort.ts'
import { type Inspector, startInspector } from '../../examples/inspector/startInspector.ts'
import { fakeClock } from '../fakeClock.ts'
import { answersOf, logIn, sessionWithCanaries } from '../inspect/life.ts'
import { engines } from './engines/all.ts'
import type { Engine, EnginePage, Scheme } from './engines/engine.ts'
import { clickOn, shows, typeInto } from './engines/look.ts'
import { looksOf } from './engines/looksOf.ts'

/** A phone, a tablet, a laptop and a screen; CSS pixels. */
const SIZES = [
  [390, 844],
  [768, 1024],
  [1280, 800],
  [1920, 1080],
] as const
const SCHEMES: readonly Scheme[] = ['light', 'dark']
const looks = engines.flatMap(([name, start]) => SCHEMES.map((scheme) => [name, scheme, start] as const))
/** The least that is read without an effort; CSS pixels. */
const LEAST_SIZE = 11
/** WCAG 2, level AA. */
const LEAST_CONTRAST = 4.5

/** A folder for pictures of all that is looked at here, for people. */
const pictures = process.env.LOOKS
if (pictures) mkdirSync(pictures, { recursive: true })

let backend: Backend
let panel: Panel
let inspector: Inspector
beforeAll(async () => {
  const port = await freePort(0)
  const panelUrl = `http://localhost:${port}`
  inspector = await startInspector({ port: await freePort(0), pages: { [panelUrl]: 'Admin panel' } })
  backend = await startBackend({ panelUrl, knobs: { sessionMs: 600_000 } })
  panel = await startPanel({ backend, port, inspectorUrl: inspector.socketUrl })
}, 120_000)
afterAll(async () => {
  await panel?.close()
  await inspector?.close()
  await backend?.close()
})

describe.each(looks)('in %s, %s', (name, scheme, start) => {
  let engine: Engine
  beforeAll(async () => {
    engine = await start(scheme, '2048x1280')
  }, 60_000)
  afterAll(() => engine?.close())

  async function open(url: string): Promise<EnginePage> {
    const profile = await engine.open()
    onTestFinished(() => profile.close())
    const page = await profile.page()
    await page.goto(url)
    return page
  }

  /** At every size. `isMachineFirst`: the whole of its drawing is on the first screen of a phone. */
  async function looksWell(page: EnginePage, what: string, isMachineFirst = false) {
    expect(
      await page.evaluate(() => matchMedia('(prefers-color-scheme: dark)').matches),
      'the engine shows what is asked for',
    ).toBe(scheme === 'dark')
    for (const [width, height] of SIZES) {
      await page.resize(width, height)
      await page.evaluate(async () => {
        scrollTo(0, 0)
        // The drawing follows the page's new width, and is painted.
        for (let frames = 0; frames < 3; frames++)
          await new Promise((resolve) => requestAnimationFrame(resolve))
      })
      const { beyondWindow, chart, small, faint } = await looksOf(page, {
        leastSize: LEAST_SIZE,
        leastContrast: LEAST_CONTRAST,
      })
      if (pictures)
        writeFileSync(`${pictures}/${what}-${width}-${scheme}-${name}.png`, await page.screenshot())
      const at = `${what}, ${width} px`
      expect.soft(beyondWindow, at).toBeLessThanOrEqual(0)
      expect.soft(small, at).toEqual([])
      expect.soft(faint, at).toEqual([])
      if (isMachineFirst && width === 390) expect.soft(chart?.[1], at).toBeLessThanOrEqual(height)
    }
  }

  test('the panel can be read at every width, and a phone sees the machine before it scrolls', async () => {
    const page = await open(`${panel.url}/users`)
    await shows(page, 'Sign in with OpenID')
    await looksWell(page, 'login')
    await typeInto(page, 'email', 'ada@local.example')
    await clickOn(page, 'Sign in')
    await shows(page, 'Tom Twofactor')
    await clickOn(page, 'Stay signed in')
    await shows(page, 'Last transition')
    await looksWell(page, 'panel', true)
  }, 120_000)

  test('the inspector can be read at every width', async () => {
    const page = await open(inspector.url)
    const clock = fakeClock()
    const session = sessionWithCanaries(answersOf(clock.wall()), { clock })
    const sending = createWebSocketInspector({ url: inspector.socketUrl })
    onTestFinished(() => {
      session.dispose()
      sending.stop()
    })
    inspectSession(session, sending)
    await logIn(session, clock.wall())
    await shows(page, 'session.started')
    await looksWell(page, 'inspector', true)
  }, 120_000)
})
