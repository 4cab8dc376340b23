import { expect, test } from 'vitest'
import { type ConformanceCase, coordinatorConformance, sessionStoreConformance } from 'xstate-session/testing'
import { servePages } from './servePages.ts'

declare global {
  interface Window {
    readonly results: Record<string, string>
  }
}

const pages = servePages({
  '/conformance': 'browser/page/conformance.ts',
  '/coordinator': 'browser/page/coordinator.ts',
})
const inPage = () => Promise.reject(new Error('It runs in the page.'))

/** What the suite in a page has found. */
async function resultsOf(path: string) {
  const { context } = await pages.open()
  const page = await context.newPage()
  await page.goto(pages.url + path)
  await page.waitForFunction(() => 'results' in window, undefined, { timeout: 100_000 })
  return page.evaluate(() => window.results)
}

const allPassed = (suite: readonly ConformanceCase[]) =>
  Object.fromEntries(suite.map(({ name }) => [name, 'passed']))

test('the vault that tabs share is a session store: the whole suite, on the IndexedDB of Chromium', async () => {
  const suite = sessionStoreConformance({ create: inPage })
  expect(suite.length).toBeGreaterThan(8)
  expect(await resultsOf('/conformance')).toEqual(allPassed(suite))
})

test('U36: and a coordinator: the whole suite, on its IndexedDB and under its locks', async () => {
  const suite = coordinatorConformance({ create: inPage })
  expect(suite.length).toBeGreaterThan(16)
  expect(await resultsOf('/coordinator')).toEqual(allPassed(suite))
}, 120_000)
