import { expect, onTestFinished, test } from 'vitest'
import { toNodeListener } from 'xstate-session/node'
import { oauthLogin } from 'xstate-session/oauth-login'
import { createSessionServer } from 'xstate-session/server'
import { launchChromium } from '../browser/launchChromium.ts'
import { onPort } from './onPort.ts'
import { SECRET } from './world.ts'

const LINK = '/session/login/start?returnTo=/'
const AHEAD = {
  prerender: [{ urls: [LINK], eagerness: 'immediate' }],
  prefetch: [{ urls: [`${LINK}users`], eagerness: 'immediate' }],
}

test('L4: Chromium looks ahead at the link of a login, and begins none', async () => {
  const asked: (readonly [purpose: string, status: number, cookie: unknown])[] = []
  const { port } = await onPort((request, response) => {
    if (!request.url?.startsWith('/session/'))
      return response
        .setHeader('content-type', 'text/html')
        .end(`<!doctype html><a href="${LINK}">Sign in</a>`)
    response.on('finish', () =>
      asked.push([
        String(request.headers['sec-purpose']),
        response.statusCode,
        response.getHeader('set-cookie'),
      ]),
    )
    return handle(request, response)
  })
  const publicUrl = `http://localhost:${port}/`
  const sent: string[] = []
  const server = createSessionServer({
    publicUrl,
    secrets: [SECRET],
    logins: { staff: oauthLogin({ server: 'http://127.0.0.1:9', clientId: 'panel' }) },
    async fetch(input) {
      sent.push(String(input))
      return new Response(null, { status: 503 })
    },
    observe: () => {},
  })
  const handle = toNodeListener(server.handle, { origin: new URL(publicUrl).origin })
  const browser = await launchChromium({ isWhole: true })
  onTestFinished(() => browser.close())
  const page = await browser.newPage()
  await page.goto(publicUrl)
  await page.evaluate((rules) => {
    const script = Object.assign(document.createElement('script'), { type: 'speculationrules' })
    script.textContent = rules
    document.head.append(script)
  }, JSON.stringify(AHEAD))
  await expect
    .poll(() => asked.map(([purpose]) => purpose).sort())
    .toEqual(['prefetch', 'prefetch;prerender'])
  expect(asked.map(([, ...answer]) => answer)).toEqual([
    [403, undefined],
    [403, undefined],
  ])
  expect(sent).toEqual([])
  // The user's own click is a login.
  await page.getByRole('link').click()
  await expect.poll(() => sent.length).toBe(1)
})
