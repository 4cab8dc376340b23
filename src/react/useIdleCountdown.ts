'use client'
import { useSyncExternalStore } from 'react'
import { isDevelopment } from '#development'
import { Misconfigured } from '../base/errors.ts'
import { notYet } from './countdown.ts'
import { useProvided } from './provided.ts'

/** When the warning begins. */
export interface IdleCountdownOptions {
  /**
   * How long before the end the user is warned, milliseconds; at least 20 000 (WCAG 2.2, success criterion 2.2.1).
   * @default 60_000
   */
  readonly withinMs?: number
}

const LEAST_MS = 20_000

/**
 * Whole seconds, rounded up, until the session ends because the user is inactive (`idleTimeoutMs`). It begins
 * `withinMs` before the end. `null` before that, without such a limit, and during hydration. Show it as a warning: any
 * key or click extends the session, and so does `useStaySignedIn`. In development it throws `Misconfigured` for a
 * warning that is too short for an answer.
 *
 * @example
 * const seconds = useIdleCountdown({ withinMs: 120_000 })
 * return seconds !== null && <p role="alert">Still there? You are signed out in {seconds} s.</p>
 */
export function useIdleCountdown({ withinMs = 60_000 }: IdleCountdownOptions = {}): number | null {
  if (isDevelopment && !(withinMs >= LEAST_MS))
    throw new Misconfigured('Option "withinMs" must be at least 20 000 milliseconds.')
  const { idleEndsAt } = useProvided()
  const read = () => {
    const seconds = idleEndsAt.read()
    return (seconds ?? Infinity) * 1_000 <= withinMs ? seconds : null
  }
  return useSyncExternalStore(idleEndsAt.subscribe, read, notYet)
}
