'use client'
import { useSyncExternalStore } from 'react'
import { useProvided } from './provided.ts'

const notYet = () => null

/**
 * Seconds until the bearer ends, whole, rounded up, 0 at its end. `null`: there is none, its end is unknown, or the
 * component has only just been mounted: no clock is read on a server or during hydration. Renders once a second, so call
 * it in the component that shows it. Any number of them share one timer.
 *
 * @example
 * const seconds = useExpiryCountdown()
 * return seconds !== null && <p>Your session ends in {seconds} s.</p>
 */
export function useExpiryCountdown(): number | null {
  const { countdown } = useProvided()
  return useSyncExternalStore(countdown.subscribe, countdown.read, notYet)
}
