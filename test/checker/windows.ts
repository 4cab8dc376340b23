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

/** The lines that the sources get before they are explored: they let us look, and leave nothing to chance. */
export const windows: readonly Patch[] = [
  {
    file: 'src/session/supply.ts',
    find: '  fresh(): string | undefined {\n',
    put: '  until() { return this.#waiters.waiting()?.until ?? Infinity }\n  fresh(): string | undefined {\n',
  },
  {
    file: 'src/session/runtime.ts',
    find: '      dispose: () => this.#dispose(),\n    }\n',
    put: '      dispose: () => this.#dispose(),\n    }\n    ;(globalThis.inside ??= new WeakMap()).set(this.session, { tokens: () => holding.vault.tokens(), until: () => this.supply.until() })\n',
  },
  {
    file: 'src/server/sessionOpening.ts',
    find: '      login: randomId().slice(0, LOGIN_LENGTH),\n',
    put: "      login: 'login of ' + key,\n",
  },
]

/** Whether `session` holds anything to live on. */
export function holdsTokens(session: Session): boolean {
  const { bearer, refreshToken } = insideOf(session).tokens()
  return bearer !== undefined || refreshToken !== undefined
}

/** What `session` holds, and for how long somebody waits for it, told from `now`. */
export function printInside(session: Session, now: number): unknown {
  const inside = insideOf(session)
  const { bearer, refreshToken } = inside.tokens()
  const until = inside.until()
  return [bearer, refreshToken, until < Infinity && until - now]
}

function insideOf(session: Session): Inside {
  const inside = (globalThis as Windows).inside?.get(session)
  if (!inside) throw new Error('The sources have no window to look through.')
  return inside
}
