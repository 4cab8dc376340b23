import type { UserIdentity } from '../../machines/session.types.ts'
import type { BaseSession } from '../session/session.ts'

/** The seconds until an instant of the session, for any number of readers. */
export interface Countdown {
  subscribe(onTick: () => void): () => void
  /** Whole seconds, rounded up; `null`: unknown, or nobody has subscribed yet. */
  read(): number | null
}

/** The seconds for a server's render, and during hydration: no two clocks agree. */
export const notYet = () => null

/**
 * One timer for all components that show the countdown. It runs only while there are any, and rings at each full
 * second.
 */
export function createCountdown(
  session: BaseSession<UserIdentity>,
  to: 'expiresAt' | 'idleEndsAt',
): Countdown {
  const { clock } = session
  let listeners: readonly (() => void)[] = []
  let seconds: number | null = null
  let disarm = () => {}
  let leave = () => {}

  function tick() {
    disarm()
    const end = session.getSnapshot()[to]
    const leftMs = end && Math.max(end - clock.now(), 0)
    if (leftMs) disarm = clock.setTimer(tick, leftMs % 1000 || 1000, 'background')
    const next = leftMs === undefined ? null : Math.ceil(leftMs / 1000)
    if (next === seconds) return
    seconds = next
    for (const listener of listeners) listener()
  }

  return {
    subscribe(onTick) {
      listeners = [...listeners, onTick]
      if (listeners.length === 1) {
        leave = session.subscribe(tick)
        tick()
      }
      return () => {
        listeners = listeners.filter((listener) => listener !== onTick)
        if (listeners.length > 0) return
        leave()
        disarm()
        seconds = null
      }
    },
    read: () => seconds,
  }
}
