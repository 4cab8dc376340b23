import { type Clock, systemClock } from '../base/clock.ts'
import { Misconfigured } from '../base/errors.ts'
import type { SessionSignal } from '../session/notice.ts'
import { isPage, watchPage } from './pageSignals.ts'

/** When a user counts as away. */
export interface BrowserSignalsOptions {
  /** After this much time without a sign of the user the user counts as away; milliseconds. @default 300_000 */
  readonly idleAfterMs?: number
  /** @default the platform's clocks and timers */
  readonly clock?: Clock
}

/**
 * What a page tells its session, for the option `signals`: that the network is back, that the page runs again after
 * it was hidden, frozen or cached, and whether somebody is at work. Without a window it reports nothing. A page that
 * takes `browserOptions` has it already.
 *
 * @example
 * const session = createSession({ baseUrl, strategies, signals: browserSignals(), idleTimeoutMs: 30 * 60_000 })
 */
export function browserSignals({
  idleAfterMs = 300_000,
  clock = systemClock,
}: BrowserSignalsOptions = {}): (report: (signal: SessionSignal) => void) => () => void {
  if (!(idleAfterMs > 0)) throw new Misconfigured('Option "idleAfterMs" must be milliseconds above 0.')
  return (report) => (isPage() ? watchPage({ idleAfterMs, clock }, report).stop : () => {})
}
