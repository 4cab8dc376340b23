import type { Clock } from '../base/clock.ts'
import { createDatabase, type Sealed } from '../browser/database.ts'
import type { KeptAttempt } from './keptAttempt.ts'

/** Where a browser keeps the logins that it has begun, for all its tabs, and what ends them at the provider. */
export interface AttemptStore {
  /** One atomic change: no other tab reads or writes between what `decide` is given and what it keeps. */
  change<T>(decide: Decide<T>): Promise<T>
  /**
   * Keeps the ID token of a provider's login, which its logout asks for; `undefined`: there is none any more; `''`: the
   * user has logged out here, and not there.
   */
  keepHint(provider: string, idToken: string | undefined): Promise<void>
  /** The ID token that is kept for a provider. */
  readHint(provider: string): Promise<string | undefined>
}

type Decide<T> = (kept: readonly KeptAttempt[]) => { kept: readonly KeptAttempt[]; answer: T }

const ROW = 'attempts'
const hintOf = (provider: string) => `hint ${provider}`

/**
 * Keeps attempts in IndexedDB; where that fails (private windows of some browsers, a full disk), in the tab's own
 * storage, which survives the way to the provider and back. An attempt in the tab's storage is found also if IndexedDB
 * works by then.
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
