import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Browser, BrowserContext } from 'playwright-core'
import { afterAll, beforeAll, onTestFinished } from 'vitest'
import { bundlePage } from './bundlePage.ts'
import { launchChromium } from './launchChromium.ts'

/** Pages by their path, each a script under `test`, in one Chromium for the tests of a file. They run only what is their own. */
export function servePages(pages: Readonly<Record<string, string>>) {
  let http: Server | undefined
  let browser: Browser | undefined
  let url = ''
  beforeAll(async () => {
    const bodies = new Map<string, [type: string, body: string]>()
    for (const [path, page] of Object.entries(pages)) {
      bodies.set(`${path}.js`, ['text/javascript', await bundlePage(page)])
      const html = `<!doctype html><title>${path}</title><body></body><script type="module" src="${path}.js"></script>`
      bodies.set(path, ['text/html', html])
    }
    const server = createServer((request, response) => {
      const found = bodies.get(new URL(request.url ?? '/', 'http://localhost').pathname)
      response.writeHead(found ? 200 : 404, {
        'content-type': found?.[0] ?? 'text/plain',
        'content-security-policy': "default-src 'self'",
      })
      response.end(found?.[1])
    })
    http = server
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    url = `http://localhost:${(server.address() as AddressInfo).port}`
    browser = await launchChromium()
  }, 60_000)
  afterAll(async () => {
    await browser?.close()
    http?.close()
  })
  return {
    get url() {
      return url
    },
    /** A profile of its own. `elsewhere`: what its pages asked of other hosts; nobody answers that. */
    async open(): Promise<{ context: BrowserContext; elsewhere: string[] }> {
      if (!browser) throw new Error('Only inside of a test.')
      const context = await browser.newContext()
      onTestFinished(() => context.close())
      const elsewhere: string[] = []
      await context.route(
        (target) => target.origin !== url,
        (route) => {
          elsewhere.push(route.request().url())
          return route.abort()
        },
      )
      return { context, elsewhere }
    },
  }
}
