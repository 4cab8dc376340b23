import type { ServerContext } from './context.ts'
import { safeReturnTo } from './returnTo.ts'

/** The path to go to after a login; never one of this server's own endpoints, never another origin. */
export function returnToOf({ settings, logins }: ServerContext, value: unknown): string {
  const { root, login } = settings.paths
  const callbacks = logins.all.flatMap(([, { callbackPaths = [] }]) => callbackPaths)
  return safeReturnTo(value, settings.publicUrl, [root, login, ...callbacks])
}
