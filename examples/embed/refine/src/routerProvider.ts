import type { ParseFunction, RouterProvider } from '@refinedev/core'
import reactRouter from '@refinedev/react-router'
import { useCallback } from 'react'
import { isOwnPath } from 'xstate-session/browser'

const { parse: useEverything } = reactRouter as Required<RouterProvider>

/** refine's own router, which refuses a way back to another site: any link can write one into the address. */
export const routerProvider: RouterProvider = { ...reactRouter, parse: useParse }

function useParse(): ParseFunction {
  const parse = useEverything()
  return useCallback(() => {
    const parsed = parse()
    const to: unknown = parsed.params?.to
    return { ...parsed, params: { ...parsed.params, to: isOwnPath(to) ? to : undefined } }
  }, [parse])
}
