import type { SessionServerOptions } from 'xstate-session/server'

/** How servers pass calls on, as far as an option says it. */
export type Way = Pick<SessionServerOptions, 'fetch'>

let current: Way = {}

/** How the servers that are made now pass their calls on, unless a test says otherwise. */
export const way = (): Way => current

export function goBy(next: Way): void {
  current = next
}
