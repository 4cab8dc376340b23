import type { Clock } from '../base/clock.ts'

/**
 * The messages between tabs. A message only says that there is something to read, because any script of the origin can
 * send one. `renewed`: a new bearer. `changed`: a login, a logout, or the end of a session. `loggedOut`: the user has
 * just logged out. `active`: the user is active.
 */
export type Hint = 'renewed' | 'changed' | 'loggedOut' | 'active'

export interface Tabs {
  /** `login` names the login that the hint is about, if there is one. */
  notify(hint: Hint, login?: string): void
  /**
   * Calls `on[hint]` with the login for the hints of other tabs, each at most once in two seconds, until the returned
   * function is called.
   */
  listen(on: Partial<Record<Hint, (login?: string) => void>>): () => void
}

const VERSION = 1
const STEP_MS = 2_000

/** Without `BroadcastChannel` there are no messages, and each tab finds changes out by itself. */
export function createTabs(name: string, clock: Clock): Tabs {
  let open: BroadcastChannel | undefined
  return {
    notify: (hint, login) => open?.postMessage({ v: VERSION, hint, login }),
    listen(on) {
      let channel: BroadcastChannel
      try {
        channel = new BroadcastChannel(name)
      } catch {
        return () => {}
      }
      open = channel
      const throttled = new Map<unknown, Throttled>()
      for (const [hint, hear] of Object.entries(on)) throttled.set(hint, throttle(hear, clock))
      channel.onmessage = ({ data }: MessageEvent<unknown>) => {
        const { v, hint, login } = Object(data) as Readonly<Record<string, unknown>>
        // Another version of this package may mean something else by it, so look in any case.
        throttled.get(v === VERSION ? hint : 'changed')?.hear(typeof login === 'string' ? login : undefined)
      }
      return () => {
        channel.close()
        if (open === channel) open = undefined
        for (const each of throttled.values()) each.stop()
      }
    },
  }
}

interface Throttled {
  hear(login?: string): void
  stop(): void
}

/** Calls `act` at once, and once more at the end of the step for the last of what came within it. */
function throttle(act: (login?: string) => void, clock: Clock): Throttled {
  let disarm: (() => void) | undefined
  let isDue = false
  let last: string | undefined
  function step() {
    disarm = undefined
    if (!isDue) return
    isDue = false
    hear(last)
  }
  function hear(login?: string) {
    if (disarm) {
      isDue = true
      last = login
      return
    }
    disarm = clock.setTimer(step, STEP_MS, 'background')
    act(login)
  }
  return { hear, stop: () => disarm?.() }
}
