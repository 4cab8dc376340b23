import { type Clock, systemClock } from '../base/clock.ts'
import { IDLE_AFTER_MS } from '../base/durations.ts'
import { Misconfigured } from '../base/errors.ts'
import { optionsOf } from '../base/optionsOf.ts'
import type { SessionSignal } from '../session/notice.ts'
import { isPage, watchPage } from './pageSignals.ts'

/** When a user counts as inactive. */
export interface BrowserSignalsOptions {
  /** After this time without user activity the user counts as inactive; milliseconds. @default 300_000 */
  readonly idleAfterMs?: number
  /** @default the platform's clocks and timers */
  readonly clock?: Clock
}

/**
 * The signals of a page to its session, for the option `signals`: the network is back, the page runs again after it was
 * hidden, frozen or cached, and whether the user is active. Without a window it reports nothing. `browserOptions`
 * includes it already.
 *
 * @example
 * const session = createSession({ baseUrl, strategies, signals: browserSignals(), idleTimeoutMs: 30 * 60_000 })
 */
export function browserSignals(
  options: BrowserSignalsOptions = {},
): (report: (signal: SessionSignal) => void) => () => void {
  const { idleAfterMs = IDLE_AFTER_MS, clock = systemClock } = optionsOf('browserSignals', options)
  if (!(idleAfterMs > 0)) throw new Misconfigured('Option "idleAfterMs" must be milliseconds above 0.')
  return (report) => (isPage() ? watchPage({ idleAfterMs, clock }, report).stop : () => {})
}
