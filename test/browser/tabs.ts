import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, onTestFinished } from 'vitest'
import type { LoginAnswer, Session, SessionNotice } from 'xstate-session'
import { type Backend, startBackend } from '../../examples/backend/startBackend.ts'
import { bundlePage } from './bundlePage.ts'
import { type ChromiumOptions, launchChromium } from './launchChromium.ts'

declare global {
  interface Window {
    readonly session: Session
    readonly notices: SessionNotice[]
  }
}

const NAME = 'xstate-session'

export interface DirectPagesOptions extends Pick<ChromiumOptions, 'isWhole'> {
  /** The name of the pages' host; any but `localhost` is one of the local network, without TLS. */
  readonly host?: string
}

/** Pages that call the backend of another origin, in one Chromium for the tests of a file. */
export function directPages(sessionMs: number, { host = 'localhost', ...options }: DirectPagesOptions = {}) {
  let opened: { browser: Browser; backend: Backend; url: string; close(): void } | undefined
  const it = () => {
    if (!opened) throw new Error('Only inside of a test.')
    return opened
  }
  beforeAll(async () => {
    const backend = await startBackend({ knobs: { sessionMs } })
    const code = await bundlePage('browser/page/direct.ts')
    const http = createServer((request, response) => {
      const { pathname, search } = new URL(request.url ?? '/', 'http://localhost')
      const isCode = pathname === '/page.js'
      // A frame without an origin loads its script as from elsewhere.
      response.setHeader('access-control-allow-origin', '*')
      response.setHeader('content-type', isCode ? 'text/javascript' : 'text/html')
      const bodies: Record<string, string> = {
        '/': '<body></body><script type="module" src="/page.js"></script>',
        '/outer': `<iframe src="http://${host}:${request.socket.localPort}/${search}"></iframe>`,
      }
      response.end(isCode ? code : `<!doctype html>${bodies[pathname] ?? ''}`)
    })
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
    const browser = await launchChromium({
      ...options,
      args: [`--host-resolver-rules=MAP ${host} 127.0.0.1`, '--disable-features=LocalNetworkAccessChecks'],
    })
    opened = {
      browser,
      backend,
      url: `http://${host}:${(http.address() as AddressInfo).port}`,
      close: () => http.close(),
    }
  }, 60_000)
  afterAll(async () => {
    await opened?.browser.close()
    opened?.close()
    await opened?.backend.close()
  })

  return {
    get backend() {
      return it().backend
    },
    get url() {
      return it().url
    },
    async open(before: () => void = () => {}): Promise<BrowserContext> {
      const context = await it().browser.newContext()
      context.setDefaultTimeout(10_000)
      const faults: string[] = []
      context.on('weberror', (error) => faults.push(String(error.error())))
      await context.addInitScript(before)
      onTestFinished(async () => {
        await context.close()
        it().backend.faults.clear()
        expect(faults).toEqual([])
      })
      return context
    },
    async tab(context: BrowserContext, vault: 'memory' | 'shared' = 'shared'): Promise<Page> {
      const page = await context.newPage()
      const backend = it().backend.url.replace('127.0.0.1', host)
      await page.goto(`${it().url}/?vault=${vault}&backend=${encodeURIComponent(backend)}`)
      await page.waitForFunction(() => 'session' in window && !window.session.getSnapshot().isPending)
      return page
    },
    /** Tabs of one vault, logged in together. */
    async tabs(context: BrowserContext, count: number): Promise<Page[]> {
      const pages: Page[] = []
      while (pages.length < count) pages.push(await this.tab(context))
      const [first] = pages
      if (first) await logIn(first, await it().backend.loginOpenid('openidAdmin'))
      for (const page of pages) await reaches(page, 'active')
      return pages
    },
    /** How often a refresh token has arrived since `from`. */
    sends: (from = 0) => it().backend.log.presentations.length - from,
  }
}

export const logIn = (page: Page, answer: LoginAnswer) =>
  page.evaluate((given) => window.session.login(given, { provider: 'openid' }), answer)

/** What callers get: the state after a forced renewal, or the code of the error. */
export const renew = (page: Page) =>
  page.evaluate(() =>
    window.session.refresh().then(
      () => window.session.getSnapshot().state as string,
      (error: { readonly code?: string }) => error.code ?? 'error',
    ),
  )

export const snapshot = (page: Page) => page.evaluate(() => window.session.getSnapshot())

export const reaches = (page: Page, state: string, version?: number) =>
  expect
    .poll(
      async () => {
        const now = await snapshot(page)
        return version === undefined ? now.state : `${now.state} ${now.version}`
      },
      { timeout: 40_000 },
    )
    .toBe(version === undefined ? state : `${state} ${version}`)

/** Says something to all tabs of a page's origin. */
export const say = (page: Page, message: unknown, times = 1, to = NAME) =>
  page.evaluate(
    ([name, what, count]) => {
      const channel = new BroadcastChannel(name as string)
      for (let n = 0; n < (count as number); n++) channel.postMessage(what)
      channel.close()
    },
    [to, message, times],
  )

/** Stops everything in a page, as a browser does with tabs that nobody has looked at. */
export async function freeze(page: Page): Promise<() => Promise<void>> {
  const devtools = await page.context().newCDPSession(page)
  await devtools.send('Emulation.setFocusEmulationEnabled', { enabled: false })
  await devtools.send('Page.setWebLifecycleState', { state: 'frozen' })
  return async () => {
    await devtools.send('Page.setWebLifecycleState', { state: 'active' })
  }
}
