import type { SessionSignal } from 'xstate-session'
import { type BffFacts, createBffSession } from 'xstate-session/bff'
import { browserPage } from 'xstate-session/browser'
import { createRecorder } from 'xstate-session/recorder'
import { tellNotice } from './timeline.ts'

/** Written into the page by its server: no flash, and no request to ask who is logged in. */
const facts = JSON.parse(document.getElementById('facts')?.textContent ?? 'null') as BffFacts | null

/** Whether users log in at a provider alone. */
export const isAtProvider = JSON.parse(document.getElementById('login')?.textContent ?? 'null') === 'provider'

let isOffline = false
let report: (signal: SessionSignal) => void = () => {}

/** What the control room does to this page alone. */
export const surroundings = {
  setOffline(offline: boolean) {
    isOffline = offline
    if (!offline) report('networkRestored')
  },
  setAway: (away: boolean) => report(away ? 'userIdle' : 'userActive'),
}

/** `fetch`, unless the control room has pulled the plug. */
export const pageFetch: typeof fetch = async (input, init) => {
  if (isOffline) throw new TypeError('The page is offline.')
  const answer = await fetch(input, init)
  // The rights may be gone: the server asks the backend, and ends the session if they are.
  if (answer.status === 403 && new URL(answer.url).pathname.startsWith('/api/')) verify()
  return answer
}

let isVerifying = false
async function verify(): Promise<void> {
  if (isVerifying) return
  isVerifying = true
  await session.fetch('/session/verify').catch(() => {})
  isVerifying = false
}

/** For whoever asks why a login was shown. */
export const recorder = createRecorder()

export const session = createBffSession({
  facts,
  page: browserPage({ name: 'admin-panel' }),
  fetch: pageFetch,
  leadTimeMs: 20_000,
  // As its server does.
  idleTimeoutMs: 30 * 60_000,
  // The control room speaks for the browser.
  signals(tell) {
    report = tell
    return () => {}
  },
  observe: tellNotice,
  recorder,
})
