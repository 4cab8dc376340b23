import type { UseQueryResult } from '@tanstack/react-query'

/** Where a query stands, for everybody. */
export function DataState({ query }: { readonly query: UseQueryResult<unknown> }) {
  const text = query.isError
    ? query.error.message
    : query.fetchStatus === 'paused'
      ? 'Paused until the session has a bearer again.'
      : query.isPending
        ? 'Loading…'
        : ''
  return (
    <p role="status" className={query.isError ? 'error' : 'quiet'}>
      {text}
    </p>
  )
}
