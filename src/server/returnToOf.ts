import type { ServerContext } from './context.ts'
import { safeReturnTo } from './returnTo.ts'

/** The path after a login; never one of this server's own endpoints, and never another origin. */
export function returnToOf({ settings, logins }: ServerContext, value: unknown): string {
  const { root, login } = settings.paths
  const callbacks = logins.all.flatMap(([, { callbackPaths = [] }]) => callbackPaths)
  return safeReturnTo(value, settings.publicUrl, [root, login, ...callbacks])
}
