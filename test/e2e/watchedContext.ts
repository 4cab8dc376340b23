import type { Browser, BrowserContext } from 'playwright-core'
import { expect, onTestFinished } from 'vitest'

const TOKEN = /[?&#](access_token|refresh_token|id_token)=/

/**
 * A browser of its own. What it complains about fails the test, and so do a request to anybody but `known`, and a token
 * in an address.
 */
export async function watchedContext(browser: Browser, known: readonly string[]): Promise<BrowserContext> {
  const context = await browser.newContext()
  context.setDefaultTimeout(20_000)
  const origins = known.map((one) => new URL(one).origin)
  const complaints: string[] = []
  context.on('request', (request) => {
    const url = request.url()
    if (!origins.includes(new URL(url).origin) || TOKEN.test(url)) complaints.push(url)
  })
  context.on('weberror', (error) => complaints.push(String(error.error())))
  context.on('console', (message) => {
    // Frameworks log the answers that they show; what a policy refuses is a fault.
    if (message.type() === 'error' && /Content Security Policy/.test(message.text()))
      complaints.push(message.text())
  })
  onTestFinished(async () => {
    await context.close()
    expect(complaints).toEqual([])
  })
  return context
}
