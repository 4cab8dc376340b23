import type { SessionServer, SessionServerOptions } from 'xstate-session/server'

type Handle = SessionServer['handle']

/** How servers pass calls on. */
export interface Way {
  readonly fetch?: SessionServerOptions['fetch']
  /** What is mounted for `handle` of a server. @default it, as it is */
  mount?(handle: Handle): Handle
}

let current: Way = {}

/** What the servers that are made now are given, unless a test says otherwise. */
export const way = (): Pick<SessionServerOptions, 'fetch'> =>
  current.fetch === undefined ? {} : { fetch: current.fetch }

export const mounted = (handle: Handle): Handle => current.mount?.(handle) ?? handle

export const currentWay = (): Way => current

export function goBy(next: Way): void {
  current = next
}
