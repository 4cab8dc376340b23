import { systemClock } from '../base/clock.ts'
import { createPopupChannel } from './popupChannel.ts'

/** The page that asked answers at once, or no longer exists. */
const ANSWER_MS = 2_000
/** A closed window runs on for a moment. */
const CLOSING_MS = 2_000

/** Passes the callback's address to the page that asked for it, and closes this window in any case. */
export async function popupCallback(state: string, href: string, close: () => void): Promise<void> {
  try {
    const channel = createPopupChannel(state)
    await within(ANSWER_MS, (taken) => channel.handOver(href, taken))
    channel.close()
  } finally {
    close()
    await within(CLOSING_MS, () => {})
  }
}

function within(ms: number, start: (done: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    const disarm = systemClock.setTimer(resolve, ms, 'background')
    start(() => {
      disarm()
      resolve()
    })
  })
}
