'use client'
import { useProvided } from './provided.ts'
import { type SessionAction, useSessionAction } from './useSessionAction.ts'

/**
 * Logs out: here at once, then at the backend. Pending for at most one second. It does not fail: if the backend cannot
 * be reached, it tries again in the background.
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
