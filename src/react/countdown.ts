import type { UserIdentity } from '../../machines/session.types.ts'
import type { BaseSession } from '../session/session.ts'

/** The seconds until an instant of the session, for any number of readers. */
export interface Countdown {
  subscribe(onTick: () => void): () => void
  /** Whole seconds, rounded up; `null`: unknown, or nobody has subscribed yet. */
  read(): number | null
}

/**
 * One timer for all components that show the countdown. It runs only while there are any, and rings at each full
 * second.
 */
export function createCountdown(
  session: BaseSession<UserIdentity>,
  to: 'expiresAt' | 'idleEndsAt',
): Countdown {
  const { clock } = session
  const listeners = new Set<() => void>()
  let seconds: number | null = null
  let disarm = () => {}
  let leave = () => {}

  function tick() {
    disarm()
    disarm = () => {}
    const end = session.getSnapshot()[to]
    const leftMs = end === undefined ? undefined : Math.max(end - clock.now(), 0)
    if (leftMs) disarm = clock.setTimer(tick, leftMs % 1000 || 1000, 'background')
    const next = leftMs === undefined ? null : Math.ceil(leftMs / 1000)
    if (next === seconds) return
    seconds = next
    for (const listener of [...listeners]) listener()
  }

  return {
    subscribe(onTick) {
      listeners.add(onTick)
      if (listeners.size === 1) {
        leave = session.subscribe(tick)
        tick()
      }
      return () => {
        if (!listeners.delete(onTick) || listeners.size > 0) return
        leave()
        disarm()
        seconds = null
      }
    },
    read: () => seconds,
  }
}
