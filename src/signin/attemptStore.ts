import type { Clock } from '../base/clock.ts'
import { createDatabase, type Sealed } from '../browser/database.ts'
import type { KeptAttempt } from './keptAttempt.ts'

/** Keeps the logins that a browser has begun, for all its tabs, and the ID tokens for logouts at the provider. */
export interface AttemptStore {
  /** One atomic change: no other tab reads or writes between the input of `decide` and its result. */
  change<T>(decide: Decide<T>): Promise<T>
  /**
   * Keeps the ID token of a provider's login for its logout; `undefined`: there is none any more; `''`: the user has
   * logged out here, but not there.
   */
  keepHint(provider: string, idToken: string | undefined): Promise<void>
  /** The kept ID token of a provider. */
  readHint(provider: string): Promise<string | undefined>
}

type Decide<T> = (kept: readonly KeptAttempt[]) => { kept: readonly KeptAttempt[]; answer: T }

const ROW = 'attempts'
const hintOf = (provider: string) => `hint ${provider}`

/**
 * Keeps attempts in IndexedDB. If that fails (private windows of some browsers, a full disk), it uses the tab's own
 * storage, which survives the way to the provider and back. It finds an attempt in the tab's storage even if IndexedDB
 * works again.
 */
export function browserAttempts(name: string, clock: Clock): AttemptStore {
  const row = `${name}-logins`
  const database = createDatabase(row, clock, () => {})

  return {
    async change(decide) {
      const ofTab = readTab(row)
      if (!(await database.isThere())) return inTab(row, decide)
      try {
        const answer = await database.change([ROW], (found) => {
          const { kept, answer } = decide([...listOf(found), ...ofTab])
          return { write: { [ROW]: kept.length > 0 ? kept : undefined }, answer }
        })
        if (ofTab.length > 0) sessionStorage.removeItem(row)
        return answer
      } catch {
        return inTab(row, decide)
      }
    },
    async keepHint(provider, idToken) {
      if (!(await database.isThere())) return
      const sealed = idToken === undefined ? undefined : await database.seal(idToken, provider)
      await database.change([hintOf(provider)], () => ({
        write: { [hintOf(provider)]: sealed },
        answer: undefined,
      }))
    },
    async readHint(provider) {
      if (!(await database.isThere())) return undefined
      const [sealed] = await database.read([hintOf(provider)])
      return sealed ? database.unseal(sealed as Sealed, provider) : undefined
    },
  }
}

function readTab(row: string): readonly KeptAttempt[] {
  try {
    return listOf(JSON.parse(sessionStorage.getItem(row) ?? '[]'))
  } catch {
    return []
  }
}

function inTab<T>(row: string, decide: Decide<T>): T {
  const { kept, answer } = decide(readTab(row))
  sessionStorage.setItem(row, JSON.stringify(kept))
  return answer
}

const listOf = (value: unknown): readonly KeptAttempt[] => (Array.isArray(value) ? value : [])
