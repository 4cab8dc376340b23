import { type UseQueryResult, useQuery } from '@tanstack/react-query'
import { useSessionFetch } from 'xstate-session/react'

/** JSON of the API, through the session. */
export function useData<Data>(path: string): UseQueryResult<Data> {
  const fetch = useSessionFetch()
  return useQuery({
    queryKey: [path],
    queryFn: async ({ signal }) => {
      const answer = await fetch(path, { signal })
      if (!answer.ok) throw new Error(`The backend answered ${answer.status}.`)
      return (await answer.json()) as Data
    },
  })
}
