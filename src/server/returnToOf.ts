import type { ServerContext } from './context.ts'
import { safeReturnTo } from './returnTo.ts'

/**
 * The path after a login; never one of this server's own endpoints, and never another origin. Where the panel's root
 * shows the login, the way back leads there without the `error` of an earlier login.
 */
export function returnToOf({ settings, logins }: ServerContext, value: unknown): string {
  const { publicUrl, paths } = settings
  const callbacks = logins.all.flatMap(([, { callbackPaths = [] }]) => callbackPaths)
  const isHome = paths.login === publicUrl.pathname
  const way = safeReturnTo(value, publicUrl, [paths.root, ...(isHome ? [] : [paths.login]), ...callbacks])
  return isHome ? withoutError(way, publicUrl) : way
}

function withoutError(way: string, base: URL): string {
  const url = new URL(way, base)
  if (url.pathname !== base.pathname || !url.searchParams.has('error')) return way
  url.searchParams.delete('error')
  return `${url.pathname}${url.search}${url.hash}`
}
