import type { Endpoint, ServerContext } from './context.ts'
import { loginCallback } from './loginCallback.ts'
import { postedCallback } from './postedCallback.ts'

/** A login always has a name: nobody has begun this one. */
const METHODS: Readonly<Record<string, Endpoint>> = {
  GET: loginCallback('', { identity: '', strategies: {}, bindsCallback: true }),
  POST: postedCallback,
}

export const unknownCallbacks: readonly Endpoint[] = Object.values(METHODS)

/**
 * The endpoint of a path below `{path}callback/` that is no login's: with the option `chooseLogin` it answers as that of a
 * login which this browser has not begun, so that no path tells which logins there are.
 */
export const unknownCallback = (
  { paths, chooseLogin }: ServerContext['settings'],
  method: string,
  pathname: string,
): Endpoint | undefined =>
  chooseLogin && pathname.startsWith(`${paths.root}callback/`) ? METHODS[method] : undefined
