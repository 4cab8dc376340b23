import { createHash, randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { toNodeListener } from 'xstate-session/node'

import { type Backend, startBackend } from '../../examples/backend/startBackend.ts'
import { freePort } from '../../examples/demo/freePort.ts'
import { launchChromium } from '../browser/launchChromium.ts'
import { librechatServer } from '../server/librechatServer.ts'

/** As the examples send them. */
const EXAMPLES = {
  'content-security-policy':
    "default-src 'self'; script-src 'unsafe-inline'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
}
const { 'cross-origin-opener-policy': opener, 'content-security-policy': policy } = EXAMPLES

let browser: Browser
beforeAll(async () => {
  browser = await launchChromium()
}, 60_000)
afterAll(() => browser.close())

/**
 * A panel behind a proxy that answers a request of too many cookies with a page of its own, as nginx does. Its pages send
 * `headers`. A script of the page runs a login of its own, while the provider knows the user, and keeps the code.
 */
async function panel(headers: Readonly<Record<string, string>>) {
  const port = await freePort(0)
  const url = `http://127.0.0.1:${port}`
  const backend = await startBackend({ panelUrl: url })
  const server = librechatServer({
    baseUrl: backend.url,
    publicUrl: `${url}/`,
    secrets: [randomBytes(32).toString('base64')],
    rateLimit: false,
  })
  const listener = toNodeListener(
    async (request, info) => {
      if ((request.headers.get('cookie')?.length ?? 0) > 8_000)
        return new Response('<h1>400 Bad Request</h1>', {
          status: 400,
          headers: { 'content-type': 'text/html' },
        })
      if (new URL(request.url).pathname !== '/') return server.handle(request, info)
      return new Response('<button id="go">continue</button>', {
        headers: { ...headers, 'content-type': 'text/html' },
      })
    },
    { origin: url },
  )
  const http = createServer({ maxHeaderSize: 131_072 }, listener)
  await new Promise<void>((resolve) => http.listen(port, '127.0.0.1', resolve))
  const context = await browser.newContext()
  onTestFinished(async () => {
    await context.close()
    http.closeAllConnections()
    http.close()
    await backend.close()
  })
  const verifier = randomBytes(32).toString('hex')
  const challenge = createHash('sha256').update(verifier).digest('hex')
  const start = `${backend.url}/api/admin/oauth/openid?code_challenge=${challenge}`
  // The provider knows the user from now on.
  const known = await context.newPage()
  await known.goto(start)
  await known.getByText(/olga/i).first().click()
  await known.waitForURL(/\/(login|auth\/openid\/callback)/)
  await known.close()
  const page = await context.newPage()
  await page.goto(`${url}/`)
  return { server, backend, page, start, verifier, origin: url }
}

/** So that the callback is answered by the proxy, and its code is not spent. */
const throwBomb = (page: Page) =>
  page.evaluate(() => {
    // biome-ignore lint/suspicious/noDocumentCookie: this is what such a script does
    for (let i = 0; i < 10; i++) document.cookie = `b${i}=${'x'.repeat(3_900)}; path=/auth/openid/callback`
  })

/** What the script sees of its window, or of its frame, until there is a code or the time is over. */
const addressOf = (page: Page, at: 'opened' | 'framed') =>
  page.evaluate(async (name) => {
    const global = globalThis as unknown as Record<string, { readonly location: Location } | undefined>
    for (let tries = 0; tries < 40; tries++) {
      await new Promise((resolve) => setTimeout(resolve, 50))
      try {
        const href = global[name]?.location.href ?? ''
        if (href.includes('code=')) return href
      } catch {
        // Another origin's, for now or for good.
      }
    }
    return 'nothing'
  }, at)

async function inWindow(page: Page, start: string, bomb = true): Promise<string> {
  if (bomb) await throwBomb(page)
  await page.evaluate((url) => {
    const button = document.querySelector('#go') as HTMLElement
    button.onclick = () => Object.assign(globalThis, { opened: window.open(url, 'w') })
  }, start)
  await Promise.all([page.context().waitForEvent('page'), page.click('#go')])
  return addressOf(page, 'opened')
}

async function inFrame(page: Page, start: string, bomb: boolean): Promise<string> {
  if (bomb) await throwBomb(page)
  await page.evaluate((url) => {
    const frame = document.body.appendChild(document.createElement('iframe'))
    frame.src = url
    Object.assign(globalThis, { framed: frame.contentWindow })
  }, start)
  return addressOf(page, 'framed')
}

/** Whether somebody elsewhere, with the verifier, makes tokens of what was seen. */
async function isTaken(backend: Backend, origin: string, seen: string, verifier: string): Promise<boolean> {
  const code = /[?&]code=([a-f0-9]{64})/.exec(seen)?.[1]
  if (!code) return false
  const answer = await fetch(`${backend.url}/api/admin/oauth/exchange`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin },
    body: JSON.stringify({ code, code_verifier: verifier }),
  })
  return answer.status === 200
}

test.each([
  ['by itself it can', {}, true],
  ['a policy for content does not help', { 'content-security-policy': policy }, true],
  ['one for openers does', { 'cross-origin-opener-policy': opener }, false],
  ['so do the headers of the examples', EXAMPLES, false],
])('U8: a script reads the code in a window that it has opened? %s', async (_, headers, canRead) => {
  const { backend, page, start, verifier, origin } = await panel(headers)
  expect(await isTaken(backend, origin, await inWindow(page, start), verifier)).toBe(canRead)
})

test.each([
  ['by itself it can', {}, true, true],
  ['a policy for openers does not help', { 'cross-origin-opener-policy': opener }, true, true],
  ['one for content does', { 'content-security-policy': policy }, true, false],
  ['what this server answers itself is in no frame', {}, false, false],
])('U8: a script reads the code in a frame? %s', async (_, headers, bomb, canRead) => {
  const { backend, page, start, verifier, origin } = await panel(headers)
  expect(await isTaken(backend, origin, await inFrame(page, start, bomb), verifier)).toBe(canRead)
})

test('U8: nor in a window what this server answers itself, though the page sends no headers', async () => {
  const { server, backend, page, start, verifier, origin } = await panel({})
  // It leaves the code unspent, at its address.
  await server.drain()
  const seen = await inWindow(page, start, false)
  expect(
    page
      .context()
      .pages()
      .some((one) => one.url().includes('code=')),
  ).toBe(true)
  expect(await isTaken(backend, origin, seen, verifier)).toBe(false)
})
