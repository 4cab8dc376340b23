import { isDevelopment } from '#development'
import { IDLE_AFTER_MS } from '../base/durations.ts'
import { Misconfigured } from '../base/errors.ts'
import { optionsOf } from '../base/optionsOf.ts'
import type { BffPage, OpenPage, PageGuest } from '../bff/page.ts'
import { coverPage } from './coverPage.ts'
import { createLock } from './lock.ts'
import { isPage, watchPage } from './pageSignals.ts'
import { factsStore } from './sharedFacts.ts'
import { createTabs } from './tabs.ts'

/** How a page behind its server lives among the tabs of its browser. */
export interface BrowserPageOptions {
  /**
   * Tabs of one origin with the same name share a session. Give a name if an origin has several applications.
   * @default 'xstate-session'
   */
  readonly name?: string
  /** After this time without user activity in any tab the user counts as inactive; milliseconds. @default 300_000 */
  readonly idleAfterMs?: number
}

/**
 * The page of a browser, for the option `page` of `createBffSession`. It reports connectivity, wake-ups and user
 * activity to the session. It joins the tabs: they share one refresh and the user's activity, and a login or a logout
 * in one is one in all.
 *
 * - Tabs refresh under a Web Lock and send each other messages over a `BroadcastChannel`. A message is only a hint:
 *   each tab checks for itself. Without locks or channels they learn of changes later.
 * - They share three facts in web storage: the login, the number of its renewal, and the end of the bearer.
 * - A page that returns from the back-forward cache stays invisible until the user is known, for five seconds at most.
 * - If storage is disabled, tabs share nothing. `observe` gets one `warning` `storage`.
 * - On a server it does nothing.
 *
 * @throws {Misconfigured} for a name that is empty, or `idleAfterMs` that is not above 0.
 *
 * @example
 * const session = createBffSession({ page: browserPage({ name: 'admin-panel' }) })
 */
export function browserPage(options: BrowserPageOptions = {}): BffPage {
  const { name = 'xstate-session', idleAfterMs = IDLE_AFTER_MS } = optionsOf('browserPage', options)
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
        loggedOut: (login) => void hear('loggedOut', login),
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
      leave(login) {
        store.write(null)
        tabs.notify('loggedOut', login)
      },
      close() {
        for (const stop of stops) stop()
      },
    }
  }

  return { open: (guest) => (isPage() ? open(guest) : undefined) }
}
