'use client'
import { useCallback } from 'react'
import { useProvided } from './provided.ts'
import { type SessionAction, useSessionAction } from './useSessionAction.ts'

/**
 * "Stay signed in": refreshes now and counts as user activity. Fails like `refresh` of the session: with
 * `refresh_unavailable` while the session keeps trying, with `session_expired` or `logged_out` if it is over.
 *
 * @example
 * const { mutate, error } = useStaySignedIn()
 * return (
 *   <button type="button" onClick={mutate}>
 *     Stay signed in {error?.code}
 *   </button>
 * )
 */
export function useStaySignedIn(): SessionAction {
  const { session } = useProvided()
  return useSessionAction(useCallback(() => session.refresh({ by: 'user' }), [session]))
}
