import { browserSignals } from 'xstate-session/browser'

/** A page that notes each sign of its user, however soon after the last. */
let heard = 0
let steps = 0
const clock = {
  wall: () => Date.now(),
  monotonic: () => (steps += 60_000),
  setTimer(fire: () => void, delayMs: number) {
    const timer = setTimeout(fire, delayMs)
    return () => clearTimeout(timer)
  },
}
browserSignals({ clock })((signal) => {
  if (signal === 'userActive') heard++
})
Object.assign(window, {
  /** How many there were since the last call. */
  takeSigns() {
    const all = heard
    heard = 0
    return all
  },
})
