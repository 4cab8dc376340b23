import type { Session } from '../../src/session/session.ts'
import type { Tokens } from '../../src/session/vault.ts'
import type { Patch } from '../patchSources.ts'

/** What a session hides from everybody, and its future depends on. */
export interface Inside {
  tokens(): Tokens
  /** When the patience of those who wait ends, on the session's timeline. `Infinity`: nobody waits. */
  until(): number
}

type Windows = typeof globalThis & { inside?: WeakMap<Session, Inside> }

/** The one line that the sources get before they are explored: it changes nothing, and lets us look. */
export const windows: readonly Patch[] = [
  {
    file: 'src/session/handle.ts',
    find: '  return {\n    session,\n',
    put: '  ;(globalThis.inside ??= new WeakMap()).set(session, { tokens: vault.tokens, until: turn.until })\n  return {\n    session,\n',
  },
]

/** What `session` holds, and for how long somebody waits for it, told from `now`. */
export function printInside(session: Session, now: number): unknown {
  const inside = (globalThis as Windows).inside?.get(session)
  if (!inside) throw new Error('The sources have no window to look through.')
  const { bearer, refreshToken } = inside.tokens()
  const until = inside.until()
  return [bearer, refreshToken, until < Infinity && until - now]
}
