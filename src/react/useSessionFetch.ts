'use client'
import { useProvided } from './provided.ts'

/**
 * The `fetch` of the session: it sends a fresh bearer, or the cookie of the page's server, and retries once after a
 * 401. The same function until the provider gets another session, so it may be a dependency of an effect.
 *
 * @example
 * const fetch = useSessionFetch()
 * useEffect(() => void fetch('/api/admin/users').then(show), [fetch])
 */
export function useSessionFetch(): typeof globalThis.fetch {
  return useProvided().session.fetch
}
