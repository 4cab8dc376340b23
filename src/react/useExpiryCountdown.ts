'use client'
import { useSyncExternalStore } from 'react'
import { notYet } from './countdown.ts'
import { useProvided } from './provided.ts'

/**
 * Whole seconds until the bearer ends, rounded up, 0 at its end. `null`: there is no bearer, its end is unknown, or the
 * component has just mounted, because no clock is read on a server or during hydration. It renders once a second, so
 * call it in the component that shows it. Any number of components share one timer.
 *
 * @example
 * const seconds = useExpiryCountdown()
 * return seconds !== null && <p>Your session ends in {seconds} s.</p>
 */
export function useExpiryCountdown(): number | null {
  const { expiresAt } = useProvided()
  return useSyncExternalStore(expiresAt.subscribe, expiresAt.read, notYet)
}
