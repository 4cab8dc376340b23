'use client'
import { useProvided } from './provided.ts'
import { type SessionAction, useSessionAction } from './useSessionAction.ts'

/**
 * Logs out: here at once, then at the backend. Pending for at most one second; it does not fail, a backend that cannot
 * be reached is tried again in the background.
 *
 * @example
 * const { mutate, isPending } = useLogout()
 * return (
 *   <button type="button" disabled={isPending} onClick={mutate}>
 *     Sign out
 *   </button>
 * )
 */
export function useLogout(): SessionAction {
  return useSessionAction(useProvided().session.logout)
}
