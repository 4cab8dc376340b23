import type { RequestListener } from 'node:http'
import { ClientSecretBasic } from 'oauth4webapi'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { SessionNotice } from 'xstate-session'
import type { BffSession } from 'xstate-session/bff'
import { toNodeListener } from 'xstate-session/node'
import { oauthLogin } from 'xstate-session/oauth-login'
import { createSessionServer } from 'xstate-session/server'
import { startPageProvider } from '../../examples/embed/provider.ts'
import { bundlePage } from '../browser/bundlePage.ts'
import { engines } from '../browser/engines/all.ts'
import type { Engine, EnginePage } from '../browser/engines/engine.ts'
import { runSample } from '../docs/samples.ts'
import { onPort } from './onPort.ts'
import { SECRET } from './world.ts'

declare global {
  interface Window {
    behind: { readonly session: BffSession; readonly notices: SessionNotice[] }
  }
}

const clientSecret = 'the secret of a confidential client'
const SHELL = '<!doctype html><title>panel</title><script type="module" src="/page.js"></script>'

/** A panel whose server answers every other path with its shell, as the service worker does. */
async function panel() {
  let handle: RequestListener = () => {}
  const files: Record<string, string> = {
    '/page.js': await bundlePage('browser/page/behindWorker.ts'),
    '/worker.js': await bundlePage('browser/page/shellWorker.ts'),
  }
  const navigations: string[] = []
  const { port } = await onPort((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost')
    if (request.headers['sec-fetch-mode'] === 'navigate') navigations.push(pathname)
    if (pathname.startsWith('/session/')) return handle(request, response)
    response.setHeader('content-type', files[pathname] ? 'text/javascript' : 'text/html')
    return response.end(files[pathname] ?? SHELL)
  })
  // One site with the provider: the driver of WebKit loses a page that goes from another site into a service worker's.
  const publicUrl = `http://127.0.0.1:${port}/`
  const provider = await startPageProvider({
    redirectUri: `${publicUrl}session/callback/staff`,
    postLogoutRedirectUri: publicUrl,
    clientSecret,
  })
  onTestFinished(() => provider.close())
  const server = createSessionServer({
    publicUrl,
    secrets: [SECRET],
    logins: {
      staff: oauthLogin({
        server: provider.issuer,
        clientId: 'panel',
        clientAuth: ClientSecretBasic(clientSecret),
      }),
    },
    observe: () => {},
  })
  handle = toNodeListener(server.handle, { origin: new URL(publicUrl).origin })
  return { publicUrl, navigations, issuer: provider.issuer }
}

describe.each(engines)('in %s', (_, start) => {
  let engine: Engine
  beforeAll(async () => {
    engine = await start()
  }, 60_000)
  afterAll(() => engine?.close())

  /** A page at its second visit: what it is comes from the service worker. */
  async function secondVisit(denylist: readonly RegExp[]) {
    const site = await panel()
    const profile = await engine.open()
    onTestFinished(() => profile.close())
    const page = await profile.page()
    await page.goto(site.publicUrl)
    await page.evaluate(
      async (deny) => {
        const taken = new Promise((resolve) =>
          navigator.serviceWorker.addEventListener('controllerchange', resolve),
        )
        await navigator.serviceWorker.register(`/worker.js?deny=${encodeURIComponent(deny)}`)
        await taken
      },
      JSON.stringify(denylist.map(({ source }) => source)),
    )
    site.navigations.length = 0
    await page.goto(`${site.publicUrl}users`)
    expect(await page.evaluate(() => navigator.serviceWorker.controller !== null)).toBe(true)
    expect(site.navigations).toEqual([])
    return { ...site, page }
  }

  /** As `session.loginWithRedirect`, for a user whom the provider needs not ask. */
  async function logIn(page: EnginePage) {
    const address = await page.evaluate(async () => {
      const answer = await fetch('/session/login/start', {
        method: 'POST',
        headers: { 'x-csrf': '1', 'content-type': 'application/json' },
        body: JSON.stringify({ returnTo: '/users?q=1', loginHint: 'ada' }),
      })
      return ((await answer.json()) as { location: string }).location
    })
    await page.evaluate((at) => void setTimeout(() => location.assign(at)), address)
  }
  const told = (page: EnginePage) =>
    page.evaluate(() => window.behind?.notices.filter(({ type }) => type === 'warning') ?? []).catch(() => [])
  const place = (page: EnginePage) => page.evaluate(() => location.pathname + location.search).catch(() => '')

  test('L63: a service worker that answers for the server: the callback never arrives, and the page says so, without the code', async () => {
    const { page, publicUrl, navigations } = await secondVisit([])
    await logIn(page)
    await expect
      .poll(() => told(page))
      .toEqual([
        expect.objectContaining({
          code: 'serverMissing',
          url: `${publicUrl}session/callback/staff`,
          status: 200,
          contentType: 'text/html',
        }),
      ])
    expect(await place(page)).toMatch(/^\/session\/callback\/staff\?code=/)
    expect(navigations).toEqual([])
  })

  test('L63: one that leaves the server its routes: the login works, and the logout', async () => {
    const { navigateFallbackDenylist } = await runSample<{ navigateFallbackDenylist: RegExp[] }>(
      'docs/server-logins.md',
      'navigateFallbackDenylist = ',
    )
    const { page, issuer, navigations } = await secondVisit(navigateFallbackDenylist)
    await logIn(page)
    await expect.poll(() => place(page)).toBe('/users?q=1')
    await expect.poll(() => page.evaluate(() => window.behind?.session.getSnapshot().user?.id)).toBe('ada')
    expect(navigations).toEqual(['/session/callback/staff'])
    expect(await told(page)).toEqual([])
    await page.evaluate(() => void window.behind.session.logout())
    await expect.poll(() => page.evaluate(() => location.origin).catch(() => '')).toBe(issuer)
    expect(navigations).toEqual(['/session/callback/staff', '/session/logout/provider'])
  })
})
