import type { Clock } from '../base/clock.ts'

/**
 * What tabs tell each other. Only that there is something to look at, never what: a message can come from any script
 * of the origin. `renewed`: the bearer was. `changed`: a login, a logout, or a session that ended. `loggedOut`: the
 * user did so, this very moment. `active`: the user is at work.
 */
export type Hint = 'renewed' | 'changed' | 'loggedOut' | 'active'

export interface Tabs {
  notify(hint: Hint): void
  /** Calls `on[hint]` for the hints of other tabs, each at most once in two seconds; until the answer is called. */
  listen(on: Partial<Record<Hint, () => void>>): () => void
}

const VERSION = 1
const STEP_MS = 2_000

/** Without `BroadcastChannel` nobody hears anything: each tab then finds out by itself. */
export function createTabs(name: string, clock: Clock): Tabs {
  let open: BroadcastChannel | undefined
  return {
    notify: (hint) => open?.postMessage({ v: VERSION, hint }),
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
        const { v, hint } = (data ?? {}) as { readonly v?: unknown; readonly hint?: unknown }
        // Another version of this package may mean something else: whatever it is, it is worth a look.
        throttled.get(v === VERSION ? hint : 'changed')?.hear()
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
  hear(): void
  stop(): void
}

/** `act` at once, and once more at the end of the step for all that came within it. */
function throttle(act: () => void, clock: Clock): Throttled {
  let disarm: (() => void) | undefined
  let isDue = false
  function step() {
    disarm = undefined
    if (!isDue) return
    isDue = false
    hear()
  }
  function hear() {
    if (disarm) {
      isDue = true
      return
    }
    disarm = clock.setTimer(step, STEP_MS, 'background')
    act()
  }
  return { hear, stop: () => disarm?.() }
}
