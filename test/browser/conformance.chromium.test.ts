import { expect, test } from 'vitest'
import { sessionStoreConformance } from 'xstate-session/testing'
import { servePages } from './servePages.ts'

declare global {
  interface Window {
    readonly results: Record<string, string>
  }
}

const pages = servePages({ '/conformance': 'browser/page/conformance.ts' })

test('the vault that tabs share is a session store: the whole suite, on the IndexedDB of Chromium', async () => {
  const { context } = await pages.open()
  const page = await context.newPage()
  await page.goto(`${pages.url}/conformance`)
  await page.waitForFunction(() => 'results' in window)
  const suite = sessionStoreConformance({ create: () => Promise.reject(new Error('It runs in the page.')) })
  expect(suite.length).toBeGreaterThan(8)
  expect(await page.evaluate(() => window.results)).toEqual(
    Object.fromEntries(suite.map(({ name }) => [name, 'passed'])),
  )
})
