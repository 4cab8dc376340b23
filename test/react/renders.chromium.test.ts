import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { servePages } from '../browser/servePages.ts'
import type { RendersPage } from './page/renders.tsx'

declare const page: RendersPage

const pages = servePages({ '/renders': 'react/page/renders.tsx' })

/** The page, whose time is the test's. */
async function opened() {
  const { context } = await pages.open()
  const tab = await context.newPage()
  const complaints: string[] = []
  tab.on('pageerror', (error) => complaints.push(String(error)))
  await tab.clock.install({ time: Date.UTC(2026, 0, 1) })
  await tab.clock.pauseAt(Date.UTC(2026, 0, 1, 0, 1))
  await tab.goto(`${pages.url}/renders`)
  return { tab, complaints }
}

const take = (tab: Page) => tab.evaluate(() => page.take())
const shows = (tab: Page, what: string, text: string | RegExp) =>
  expect.poll(() => tab.getByTestId(what).textContent()).toMatch(text)

async function seconds(tab: Page, ticks: number) {
  for (let tick = 0; tick < ticks; tick++) await tab.clock.runFor(1_000)
}

test('P13 in a browser: each hook renders what shows it, and nothing else', async () => {
  const { tab, complaints } = await opened()
  await shows(tab, 'reason', 'Please sign in.')
  expect(await take(tab)).toEqual({ '<SessionProvider>': 1, 'useReasonText()': 1 })

  // A login: everything below the guard appears, and only the countdown twice, which is mounted without a number.
  await tab.evaluate(() => page.login())
  await shows(tab, 'expiry', '60')
  expect(await take(tab)).toEqual({
    '<SessionGuard>': 1,
    'useSession()': 1,
    'useSession(state)': 1,
    'useSession(members)': 1,
    'useUser()': 1,
    'useSessionClient()': 1,
    'useSessionFetch()': 1,
    'useExpiryCountdown()': 2,
    'useIdleCountdown()': 1,
    'useStaySignedIn()': 1,
    'useLogout()': 1,
    'useReasonText() of nothing': 1,
  })

  // Ticks of the countdown.
  await seconds(tab, 19)
  await shows(tab, 'expiry', '41')
  expect(await take(tab)).toEqual({ 'useExpiryCountdown()': 19 })

  // Ticks of both countdowns: the user has been away for long enough to be warned.
  await seconds(tab, 5)
  await shows(tab, 'idle', '16')
  expect(await take(tab)).toEqual({ 'useExpiryCountdown()': 5, 'useIdleCountdown()': 5 })

  // A key extends the session, whose end is a part of the whole state: the warning goes.
  await tab.keyboard.press('Shift')
  await tab.clock.runFor(1)
  await shows(tab, 'idle', /^$/)
  expect(await take(tab)).toEqual({ 'useSession()': 1, 'useIdleCountdown()': 1 })

  // The bearer is due.
  await seconds(tab, 19)
  await shows(tab, 'state', 'active')
  expect(await take(tab)).toEqual({ 'useExpiryCountdown()': 19 })
  await tab.keyboard.press('Shift')
  await tab.clock.runFor(1)
  expect(await take(tab)).toEqual({ 'useSession()': 1 })
  await seconds(tab, 7)
  await shows(tab, 'state', 'refreshing')
  expect(await take(tab)).toEqual({
    'useSession()': 1,
    'useSession(state)': 1,
    'useExpiryCountdown()': 7,
  })

  // It is renewed: the same user, another end.
  await tab.evaluate(() => page.answer())
  await shows(tab, 'version', '2')
  await shows(tab, 'expiry', '60')
  expect(await take(tab)).toEqual({
    'useSession()': 1,
    'useSession(state)': 1,
    'useExpiryCountdown()': 1,
  })

  // A logout, which is pending before it is done: then the guard shows its fallback, and what it hides has not rendered.
  await tab.getByRole('button', { name: 'log out' }).click()
  await shows(tab, 'reason', 'You have signed out.')
  expect(await take(tab)).toEqual({ 'useLogout()': 1, 'useReasonText()': 1 })
  expect(complaints).toEqual([])
})
