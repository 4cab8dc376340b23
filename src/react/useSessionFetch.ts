'use client'
import { useProvided } from './provided.ts'

/**
 * The `fetch` of the session: a fresh bearer, or the cookie of the page's server, and one retry after a 401. The same
 * function until the provider is given another session, so it may stand among the dependencies of an effect.
 *
 * @example
 * const fetch = useSessionFetch()
 * useEffect(() => void fetch('/api/admin/users').then(show), [fetch])
 */
export function useSessionFetch(): typeof globalThis.fetch {
  return useProvided().session.fetch
}
