import type { Clock } from '../base/clock.ts'
import { createDatabase, type Sealed } from '../browser/database.ts'
import type { KeptAttempt } from './keptAttempt.ts'

/** Where a browser keeps the logins that it has begun, for all its tabs, and what ends them at the provider. */
export interface AttemptStore {
  /** One atomic change: no other tab reads or writes between what `decide` is given and what it keeps. */
  change<T>(decide: (kept: readonly KeptAttempt[]) => { kept: readonly KeptAttempt[]; answer: T }): Promise<T>
  /** Keeps the ID token of a provider's login, which its logout asks for; `undefined`: there is none any more. */
  keepHint(provider: string, idToken: string | undefined): Promise<void>
  /** The ID token that is kept for a provider. */
  readHint(provider: string): Promise<string | undefined>
}

const NAME = 'xstate-session-logins'
const ROW = 'attempts'
const hintOf = (provider: string) => `hint ${provider}`

/**
 * Keeps attempts in IndexedDB; where a browser keeps none there (private windows of some), in the tab's own storage,
 * which survives the way to the provider and back.
 */
export function browserAttempts(clock: Clock): AttemptStore {
  const database = createDatabase(NAME, clock, () => {})
  return {
    async change(decide) {
      if (!(await database.isThere())) return ofTab(decide)
      return database.change([ROW], (found) => {
        const { kept, answer } = decide(listOf(found))
        return { write: { [ROW]: kept.length > 0 ? kept : undefined }, answer }
      })
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

function ofTab<T>(decide: Parameters<AttemptStore['change']>[0]): T {
  const { kept, answer } = decide(listOf(JSON.parse(sessionStorage.getItem(NAME) ?? '[]')))
  sessionStorage.setItem(NAME, JSON.stringify(kept))
  return answer as T
}

const listOf = (value: unknown): readonly KeptAttempt[] => (Array.isArray(value) ? value : [])
