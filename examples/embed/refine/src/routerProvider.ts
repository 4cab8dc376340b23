import type { ParseFunction, RouterProvider } from '@refinedev/core'
import reactRouter from '@refinedev/react-router'
import { useCallback } from 'react'
import { isOwnPath } from 'xstate-session/browser'

const { parse: useEverything } = reactRouter as Required<RouterProvider>

/** The one of refine's own, less what any link can write: a way back from the login that leads to another site. */
export const routerProvider: RouterProvider = { ...reactRouter, parse: useParse }

function useParse(): ParseFunction {
  const parse = useEverything()
  return useCallback(() => {
    const parsed = parse()
    const to: unknown = parsed.params?.to
    return { ...parsed, params: { ...parsed.params, to: isOwnPath(to) ? to : undefined } }
  }, [parse])
}
