import { isDevelopment } from '#development'
import type { SessionUser, UserIdentity } from '../../machines/session.types.ts'
import { systemClock } from '../base/clock.ts'
import { Misconfigured } from '../base/errors.ts'
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
   * Tabs of one origin with the same name share a session. Give one where an origin has several applications.
   * @default 'xstate-session'
   */
  readonly name?: string
  /**
   * Where a page without a server of its own keeps its tokens. `memory`: in each tab, which has a login of its own
   * that ends with a reload. `shared`: sealed in IndexedDB, one login for all tabs, which survives a reload; a script
   * that runs in the page can use it, though not copy its key. Over plain HTTP, or where storage is disabled, it is
   * `memory`. Behind a server there are no tokens: that is `createBffSession`.
   * @default 'memory'
   */
  readonly vault?: 'memory' | 'shared'
  /** After this much time without a sign of the user, in any tab, the user counts as away; milliseconds. @default 300_000 */
  readonly idleAfterMs?: number
}

/** How long the word of another tab that the user has logged out is believed before the vault is asked. */
const HEARSAY_MS = 2_000

/**
 * The options of a session that lives in a browser and holds its tokens itself: `createSession(browserOptions({ … }))`. It
 * hears of connectivity, of waking up and of the user (`signals`), sends no token while nothing can be reached, and lives
 * with its other tabs: one refresh for all, one user's activity for all, and a logout in one is a logout in all.
 *
 * - Tabs refresh under a Web Lock and tell each other over a `BroadcastChannel`. What they tell is a hint: each looks
 *   for itself. Without locks or channels they find out later, and still spend no token twice.
 * - A page with a shared vault that comes back out of the browser's cache stays invisible until it is known who is logged
 *   in, for five seconds at most.
 * - Storage that is disabled costs the sharing, and is told once as `warning` `storage` to `observe`.
 * - On a server they are the options as they were, and nobody counts as away.
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
  const { name = 'xstate-session', vault = 'memory', idleAfterMs = 300_000, ...rest } = options
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
  // What is rendered on a server lives for a moment, and nobody is away from it.
  if (!isPage()) return { signals: () => () => {}, ...rest }

  const { clock = systemClock, idleTimeoutMs = Infinity, observe, signals } = rest
  const tabs = createTabs(name, clock)
  const lock = createLock(name, clock)
  const onUnavailable = () => observe?.({ type: 'warning', code: 'storage', epoch: 0, version: 0 })
  // A key that no script can read out is to be had in secure contexts only.
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
      // A vault of several tabs tells by itself, as soon as it is written.
      if (!shared && notice.type === 'loggedOut' && notice.reason === 'user') tabs.notify('loggedOut')
      observe?.(notice)
    },
  }
}
