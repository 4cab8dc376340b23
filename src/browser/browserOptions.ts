import { isDevelopment } from '#development'
import type { SessionUser, UserIdentity } from '../../machines/session.types.ts'
import { systemClock } from '../base/clock.ts'
import { IDLE_AFTER_MS } from '../base/durations.ts'
import { Misconfigured } from '../base/errors.ts'
import { optionsOf } from '../base/optionsOf.ts'
import type { SessionNotice, SessionSignal } from '../session/notice.ts'
import type { SessionOptions } from '../session/options.ts'
import { coverPage } from './coverPage.ts'
import { createLock } from './lock.ts'
import { isPage, watchPage } from './pageSignals.ts'
import { sharedVault } from './sharedVault.ts'
import { createTabs } from './tabs.ts'
import { whileOnline } from './whileOnline.ts'

/** The options of a session, and how it lives among the tabs of its browser. */
export interface BrowserOptions<User extends UserIdentity = SessionUser> extends SessionOptions<User> {
  /**
   * Tabs of one origin with the same name share a session. Give a name if an origin has several applications.
   * @default 'xstate-session'
   */
  readonly name?: string
  /**
   * Where a page without its own server keeps its tokens. `memory`: in each tab, which has its own login; a reload ends
   * it. `shared`: sealed in IndexedDB, one login for all tabs, which survives a reload. A script that runs in the page
   * can use it, but cannot copy its key. Over plain HTTP, or if storage is disabled, `shared` becomes `memory`. Behind
   * a server there are no tokens: use `createBffSession`.
   * @default 'memory'
   */
  readonly vault?: 'memory' | 'shared'
  /** After this time without user activity in any tab the user counts as inactive; milliseconds. @default 300_000 */
  readonly idleAfterMs?: number
}

/** How long another tab's report of a logout is believed before the vault is read. */
const HEARSAY_MS = 2_000

/**
 * The options of a session that lives in a browser and holds its tokens itself: `createSession(browserOptions({ … }))`.
 * It reports connectivity, wake-ups and user activity to the session (`signals`), and sends no token while the network
 * is down. It joins the tabs: they share one refresh and the user's activity, and a logout in one is a logout in all.
 *
 * - Tabs refresh under a Web Lock and send each other messages over a `BroadcastChannel`. A message is only a hint:
 *   each tab checks for itself. Without locks or channels they learn of changes later, and still spend no token twice.
 * - A page with a shared vault that returns from the back-forward cache stays invisible until the user is known, for
 *   five seconds at most.
 * - If storage is disabled, tabs share nothing. `observe` gets one `warning` `storage`.
 * - On a server the options stay unchanged, and nobody counts as inactive.
 *
 * @throws {Misconfigured} for a name that is empty, an unknown `vault`, or `idleAfterMs` that is not above 0.
 *
 * @example
 * const session = createSession(
 *   browserOptions({ baseUrl: 'https://chat.example.com', strategies: { openid: openidStrategy() }, vault: 'shared' }),
 * )
 */
export function browserOptions<User extends UserIdentity = SessionUser>(
  options: BrowserOptions<User>,
): SessionOptions<User> {
  const {
    name = 'xstate-session',
    vault = 'memory',
    idleAfterMs = IDLE_AFTER_MS,
    ...rest
  } = optionsOf('browserOptions', options)
  if (!(idleAfterMs > 0)) throw new Misconfigured('Option "idleAfterMs" must be milliseconds above 0.')
  if (isDevelopment) {
    if (typeof name !== 'string' || name === '') throw new Misconfigured('Option "name" must be a text.')
    if (!['memory', 'shared'].includes(vault))
      throw new Misconfigured('Option "vault" must be "memory" or "shared".')
    if (vault === 'shared' && (rest.store || rest.coordinator))
      throw new Misconfigured(
        'Option "vault" is a store and a coordinator: leave it out beside "store" and "coordinator".',
      )
  }
  // A render on a server is short, and nobody is inactive in it.
  if (!isPage()) return { signals: () => () => {}, ...rest }

  const { clock = systemClock, idleTimeoutMs = Infinity, observe, signals } = rest
  const tabs = createTabs(name, clock)
  const lock = createLock(name, clock)
  const onUnavailable = () => observe?.({ type: 'warning', code: 'storage', epoch: 0, version: 0 })
  // Only secure contexts have keys that no script can read.
  const isVaultMissing = vault === 'shared' && !globalThis.crypto?.subtle
  const shared =
    vault === 'shared' &&
    !isVaultMissing &&
    sharedVault({
      name,
      clock,
      random: rest.random ?? Math.random,
      lock,
      onWritten: () => tabs.notify('changed'),
      onUnavailable,
    })

  function start(report: (signal: SessionSignal) => Promise<void>): () => void {
    if (isVaultMissing) onUnavailable()
    const look = () => void report('woke')
    const page = watchPage(
      { idleAfterMs, idleTimeoutMs, clock, onActive: () => tabs.notify('active') },
      report,
    )
    let disarm = () => {}
    const stops = [
      page.stop,
      tabs.listen({
        active: page.seen,
        changed: look,
        renewed: look,
        loggedOut() {
          void report('loggedOut')
          disarm()
          disarm = clock.setTimer(look, HEARSAY_MS, 'background')
        },
      }),
      () => disarm(),
      ...(shared ? [coverPage(clock, () => report('woke'))] : []),
      signals?.(report) ?? (() => {}),
    ]
    return () => {
      for (const stop of stops) stop()
    }
  }

  return {
    ...rest,
    ...shared,
    strategies: Object.fromEntries(
      Object.entries(rest.strategies ?? {}).map(([key, strategy]) => [key, whileOnline(strategy, clock)]),
    ),
    signals: start,
    observe(notice: SessionNotice) {
      // The vault of several tabs reports this itself, as soon as it is written.
      if (!shared && notice.type === 'loggedOut' && notice.reason === 'user') tabs.notify('loggedOut')
      observe?.(notice)
    },
  }
}
