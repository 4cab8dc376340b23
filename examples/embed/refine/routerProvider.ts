// routerProvider.ts
import type { BackFunction, GoConfig, GoFunction, ParseFunction, RouterProvider } from '@refinedev/core'
import { useCallback } from 'react'
import { Link, useLocation, useNavigate } from 'react-router'
import { isOwnPath } from 'xstate-session/browser'

/** The part of a `routerProvider` that this panel needs. The one of `@refinedev/react-router` does more: prefer it. */
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
    // Any link can write this address: isOwnPath refuses other sites.
    return { pathname, params: isOwnPath(to) ? { ...params, to } : params }
  }, [pathname, search])
}
