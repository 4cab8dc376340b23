import { isDevelopment } from '#development'
import { Misconfigured } from '../base/errors.ts'
import { type BffPage, noPage, type OpenPage, type PageGuest } from '../bff/page.ts'
import { coverPage } from './coverPage.ts'
import { createLock } from './lock.ts'
import { isPage, watchPage } from './pageSignals.ts'
import { factsStore } from './sharedFacts.ts'
import { createTabs } from './tabs.ts'

/** How a page behind its server lives among the tabs of its browser. */
export interface BrowserPageOptions {
  /**
   * Tabs of one origin with the same name share a session. Give one where an origin has several applications.
   * @default 'xstate-session'
   */
  readonly name?: string
  /** After this much time without a sign of the user, in any tab, the user counts as away; milliseconds. @default 300_000 */
  readonly idleAfterMs?: number
}

/**
 * The page of a browser, for the option `page` of `createBffSession`. The session hears of connectivity, of waking up and
 * of the user, and lives with its other tabs: one refresh for all, one user's
 * activity for all, and a login or a logout in one is one in all.
 *
 * - Tabs refresh under a Web Lock and tell each other over a `BroadcastChannel`. What they tell is a hint: each looks for
 *   itself. Without locks or channels they find out later.
 * - They share in web storage how far the session is: which login, which renewal, and when the bearer ends.
 * - A page that comes back out of the browser's cache stays invisible until it is known who is logged in, for five seconds
 *   at most.
 * - Storage that is disabled costs the sharing, and is told once as `warning` `storage` to `observe`.
 * - On a server it does nothing.
 *
 * @throws {Misconfigured} for a name that is empty, or `idleAfterMs` that is not above 0.
 *
 * @example
 * const session = createBffSession({ page: browserPage({ name: 'admin-panel' }) })
 */
export function browserPage({
  name = 'xstate-session',
  idleAfterMs = 300_000,
}: BrowserPageOptions = {}): BffPage {
  if (isDevelopment && (typeof name !== 'string' || name === ''))
    throw new Misconfigured('Option "name" must be a text.')
  if (!(idleAfterMs > 0)) throw new Misconfigured('Option "idleAfterMs" must be milliseconds above 0.')

  function open({ clock, idleTimeoutMs, hear, storageFailed }: PageGuest): OpenPage {
    const report = (signal: Parameters<typeof hear>[0]) => void hear(signal)
    const look = () => report('woke')
    const tabs = createTabs(name, clock)
    const lock = createLock(name, clock)
    const store = factsStore(`${name}.facts`, storageFailed)
    const watched = watchPage(
      { idleAfterMs, idleTimeoutMs, clock, onActive: () => tabs.notify('active') },
      report,
    )
    const stops = [
      watched.stop,
      tabs.listen({
        active: watched.seen,
        changed: look,
        renewed: () => report('renewed'),
        loggedOut: () => report('loggedOut'),
      }),
      store.watch(look),
      coverPage(clock, () => hear('woke')),
    ]
    return {
      lock,
      read: store.read,
      share(facts) {
        const known = store.read()
        if (known?.login === facts?.login && known?.version === facts?.version) return
        store.write(facts)
        tabs.notify(facts && known?.login === facts.login ? 'renewed' : 'changed')
      },
      leave() {
        store.write(null)
        tabs.notify('loggedOut')
      },
      close() {
        for (const stop of stops) stop()
      },
    }
  }

  return { open: (guest) => (isPage() ? open(guest) : noPage) }
}
