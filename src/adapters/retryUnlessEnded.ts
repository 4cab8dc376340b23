import { SessionError } from '../base/errors.ts'

const TRIES = 3

/**
 * `retry` for the `defaultOptions` of a `QueryClient`: an error of the session that no second try can mend is not
 * tried again; everything else three times, as TanStack does by itself.
 *
 * @example
 * const queryClient = new QueryClient({ defaultOptions: { queries: { retry: retryUnlessEnded } } })
 */
export function retryUnlessEnded(failureCount: number, error: unknown): boolean {
  if (error instanceof SessionError && !error.retryable) return false
  return failureCount < TRIES
}
