import { setTimeout as pause } from 'node:timers/promises'
import type { Session, SessionState } from 'xstate-session'

/** What a scene waits for. Every wait ends with an error when the demo is stopped. */
export interface Waits {
  sleep(ms: number): Promise<void>
  /**
   * A JWT keeps whole seconds: one that is issued at the top of a second lives as long as it says, and two
   * that are issued within one second for one session are identical.
   */
  topOfSecond(): Promise<void>
  /** Throws if it takes longer than anything in the demo should. */
  until(session: Session, what: string, isReached: (state: SessionState) => boolean): Promise<void>
}

const LONGEST_WAIT_MS = 15_000

export function createWaits(stop: AbortSignal): Waits {
  const sleep = (ms: number): Promise<void> => pause(ms, undefined, { signal: stop })
  return {
    sleep,
    topOfSecond: () => sleep(1020 - (Date.now() % 1000)),
    async until(session, what, isReached) {
      let resolve = (): void => {}
      const reached = new Promise<void>((settle) => {
        resolve = settle
      })
      const look = (state: SessionState): void => {
        if (isReached(state)) resolve()
      }
      const unsubscribe = session.subscribe(look)
      look(session.getSnapshot())
      const timer = new AbortController()
      const signal = AbortSignal.any([stop, timer.signal])
      const tooLong = pause(LONGEST_WAIT_MS, undefined, { signal }).then(() => {
        throw new Error(`waited ${LONGEST_WAIT_MS / 1000} s for: ${what}`)
      })
      try {
        await Promise.race([reached, tooLong])
      } finally {
        timer.abort()
        tooLong.catch(() => {})
        unsubscribe()
      }
    },
  }
}
