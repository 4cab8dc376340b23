import type { Endpoint, ServerContext } from './context.ts'
import { loginCallback } from './loginCallback.ts'
import { postedCallback } from './postedCallback.ts'

/** A login always has a name, so nobody has begun this one. */
const METHODS: Readonly<Record<string, Endpoint>> = {
  GET: loginCallback('', { identity: '', strategies: {}, bindsCallback: true }),
  POST: postedCallback,
}

export const unknownCallbacks: readonly Endpoint[] = Object.values(METHODS)

/**
 * The endpoint of a path below `{path}callback/` that belongs to no login. With the option `chooseLogin` it answers
 * like the callback of a login that this browser has not begun, so no path reveals which logins exist.
 */
export const unknownCallback = (
  { paths, chooseLogin }: ServerContext['settings'],
  method: string,
  pathname: string,
): Endpoint | undefined =>
  chooseLogin && pathname.startsWith(`${paths.root}callback/`) ? METHODS[method] : undefined
