import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { toNodeListener } from 'xstate-session/node'
import { launchChromium } from '../browser/launchChromium.ts'
import { onPort } from './onPort.ts'
import { PANEL, world } from './world.ts'

let browser: Browser
beforeAll(async () => {
  browser = await launchChromium()
}, 60_000)
afterAll(() => browser?.close())

/** Bytes that Chromium takes for a part of a name, though some parser takes them for blanks, or for nothing. */
const NOT_BLANK = ['\xa0', '\x85', '\xad']

test.each(NOT_BLANK)('U2: what a sibling site puts beside a session is another cookie: %j', async (sign) => {
  const { serve, backend } = await world()
  const { server, page, open } = serve()
  await page.post('/session/login', backend.accounts.localAdmin)
  const attacker = open()
  await attacker.post('/session/login', backend.accounts.tenantAdmin)
  const [mine, evil] = [page, attacker].map((one) => one.cookies.get('__Host-session'))
  const tossed = `${sign}__Host-session=${evil}`

  const handle = toNodeListener(server.handle, { origin: new URL(PANEL).origin })
  let sent = ''
  const { port } = await onPort((request, response) => {
    // Chromium keeps secure cookies for `localhost` and all below it, over HTTP, too.
    const given: Record<string, string> = {
      [`evil.chat.localhost:${port}/`]: `${tossed}; Domain=chat.localhost; Path=/`,
      [`admin.chat.localhost:${port}/login`]: `__Host-session=${mine}; Secure; HttpOnly; SameSite=Lax; Path=/`,
    }
    const cookie = given[`${request.headers.host}${request.url}`]
    if (cookie) return response.setHeader('set-cookie', cookie).end()
    // Chromium asks for icons, too.
    if (request.url === '/session/') sent = request.headers.cookie ?? ''
    return handle(request, response)
  })

  const places = {
    evil: `http://evil.chat.localhost:${port}/`,
    login: `http://admin.chat.localhost:${port}/login`,
  }
  /** Who is logged in, and what Chromium sent, after it has been at these places. */
  async function whoAfter(...visits: (keyof typeof places)[]) {
    const context = await browser.newContext()
    onTestFinished(() => context.close())
    const tab = await context.newPage()
    for (const visit of visits) await tab.goto(places[visit])
    const answer = await tab.goto(`http://admin.chat.localhost:${port}/session/`)
    return [answer?.status(), (await answer?.text())?.includes('Ada Local'), sent]
  }

  const own = `__Host-session=${mine}`
  expect(await whoAfter('login')).toEqual([200, true, own])
  expect(await whoAfter('evil')).toEqual([401, false, tossed])
  expect(await whoAfter('login', 'evil')).toEqual([200, true, `${own}; ${tossed}`])
  expect(await whoAfter('evil', 'login')).toEqual([200, true, `${tossed}; ${own}`])
})
