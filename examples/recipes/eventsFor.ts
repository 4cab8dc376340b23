import { EventSource } from 'eventsource'
import type { Session } from 'xstate-session'

/** Server-sent events. The browser's own `EventSource` sends no bearer. This one asks the session at every connect. */
export const eventsFor = (session: Session, url: string): EventSource =>
  new EventSource(url, { fetch: (input, init) => session.fetch(input, init as RequestInit) })
