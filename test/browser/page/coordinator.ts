import type { Clock, Coordinator, SessionStore } from 'xstate-session'
import { browserOptions } from 'xstate-session/browser'
import { openidStrategy } from 'xstate-session/librechat'
import { coordinatorConformance } from 'xstate-session/testing'
import { sessionOf } from '../../coordination/sessionOf.ts'

/** The platform's clock, whose timers fire early where somebody moves it. */
function movableClock() {
  let movedMs = 0
  const armed = new Set<{ readonly at: number; readonly fire: () => void }>()
  const monotonic = () => performance.now() + movedMs
  const clock: Clock = {
    wall: () => Date.now() + movedMs,
    monotonic,
    setTimer(fire, delayMs) {
      const disarm = () => {
        clearTimeout(id)
        armed.delete(timer)
      }
      const timer = {
        at: monotonic() + delayMs,
        fire() {
          disarm()
          fire()
        },
      }
      const id = setTimeout(timer.fire, delayMs)
      armed.add(timer)
      return disarm
    },
  }
  return Object.assign(clock, {
    advance(ms: number) {
      movedMs += ms
      for (const timer of [...armed]) if (timer.at <= monotonic()) timer.fire()
    },
  })
}

let count = 0
/** The suite in a page: what passed, and why something did not. */
const results: Record<string, string> = {}
for (const { name, run } of coordinatorConformance({
  async create() {
    const clock = movableClock()
    const database = `vault ${++count}`
    const vault = () =>
      browserOptions({
        baseUrl: location.origin,
        strategies: { openid: openidStrategy() },
        vault: 'shared',
        name: database,
        clock,
      }) as { readonly store: SessionStore; readonly coordinator: Coordinator }
    // A database of its own, as two tabs have it.
    const [one, two] = [vault(), vault()]
    let version = 0
    return {
      coordinator: one.coordinator,
      other: two.coordinator,
      advance: clock.advance,
      async record(identity) {
        // Whichever of the two has sent waits until it is written down.
        for (const { store } of [one, two])
          await store.compareAndSet(await store.read(), sessionOf(identity, ++version, clock))
      },
    }
  },
}))
  results[name] = await run().then(() => 'passed', String)
Object.assign(window, { results })
