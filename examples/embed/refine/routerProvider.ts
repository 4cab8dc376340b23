// routerProvider.ts
import type { BackFunction, GoConfig, GoFunction, ParseFunction, RouterProvider } from '@refinedev/core'
import { useCallback } from 'react'
import { Link, useLocation, useNavigate } from 'react-router'
import { isOwnPath } from 'xstate-session/browser'

/** What this panel uses of the `routerProvider` of `@refinedev/react-router`, which does more: take that one. */
export const routerProvider: RouterProvider = { go: useGo, back: useBack, parse: useParse, Link }

function useGo(): GoFunction {
  const navigate = useNavigate()
  const { pathname, search, hash } = useLocation()
  return useCallback(
    ({ to = pathname, query, type, options }: GoConfig) => {
      const kept = options?.keepQuery ? Object.fromEntries(new URLSearchParams(search)) : {}
      const params = new URLSearchParams({ ...kept, ...(query as Record<string, string>) })
      const path = to + (params.size > 0 ? `?${params}` : '') + (options?.keepHash ? hash : '')
      if (type === 'path') return path
      navigate(path, { replace: type === 'replace' })
    },
    [navigate, pathname, search, hash],
  )
}

function useBack(): BackFunction {
  const navigate = useNavigate()
  return useCallback(() => navigate(-1), [navigate])
}

function useParse(): ParseFunction {
  const { pathname, search } = useLocation()
  return useCallback(() => {
    const { to, ...params } = Object.fromEntries(new URLSearchParams(search))
    // Any link can write the way back from the login.
    return { pathname, params: isOwnPath(to) ? { ...params, to } : params }
  }, [pathname, search])
}
