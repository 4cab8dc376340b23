import type { AttemptStore } from '../../src/signin/attemptStore.ts'
import type { KeptAttempt } from '../../src/signin/keptAttempt.ts'

/** The attempts of one browser, in memory. */
export function memoryAttempts(): AttemptStore & { kept(): readonly KeptAttempt[] } {
  let list: readonly KeptAttempt[] = []
  const hints = new Map<string, string>()
  return {
    async change(decide) {
      const { kept, answer } = decide(list)
      list = kept
      return answer
    },
    async keepHint(provider, idToken) {
      if (idToken === undefined) hints.delete(provider)
      else hints.set(provider, idToken)
    },
    readHint: async (provider) => hints.get(provider),
    kept: () => list,
  }
}
