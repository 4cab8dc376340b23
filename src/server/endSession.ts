import type { Clock } from '../base/clock.ts'
import type { ServerContext } from './context.ts'
import type { EndSessionUrls } from './endSessionUrls.ts'
import type { Found } from './foundSession.ts'
import { keepProviderLogout } from './providerLogout.ts'
import type { SessionRequest } from './sessionRequest.ts'

/** The result of a logout. */
interface End {
  /** Whether every process knows. `false`: the store is down, and this process goes on trying. */
  readonly isEnded: boolean
  /** The next address of the browser: an address of ours that leads once to the provider's own logout. */
  readonly redirect?: string
  /** `Set-Cookie` lines. */
  readonly cookies: readonly string[]
}

export type EndSession = (context: ServerContext, found: Found, request: SessionRequest) => Promise<End>

const LOGOUT_WAIT_MS = 1_000

/** Ends sessions that their user wants to end: here, at the backend, and at the provider. */
export function createEndSession(endSessionUrls: EndSessionUrls): EndSession {
  return async (context, found, request) => {
    const { sessions, settings, logins } = context
    endSessionUrls.ask(found.key)
    const isEnded = await sessions.end(found, 'user', 'logout', request)
    const told = endSessionUrls.take(found.key)
    const gone = sessions.sessionCookie.clear()
    if (!isEnded) return { isEnded, cookies: gone }
    // The session is over already, whatever this does.
    const { via, data } = found.record
    const login = logins.get(via[0])
    // A provider that hangs must not delay a logout.
    const asked = login?.endSession?.(data).catch(() => undefined)
    const location = told ?? (asked && (await within(settings.clock, LOGOUT_WAIT_MS, asked)))?.href
    const kept = location ? await keepProviderLogout(context, location).catch(() => undefined) : undefined
    return kept
      ? { isEnded, redirect: kept.location, cookies: [...gone, kept.cookie] }
      : { isEnded, cookies: gone }
  }
}

/** The result of `task` within `ms`, or `undefined`. */
function within<T>(clock: Clock, ms: number, task: Promise<T>): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const disarm = clock.setTimer(() => resolve(undefined), ms, 'foreground')
    task.then(resolve, reject).finally(disarm)
  })
}
