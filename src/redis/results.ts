import { deriveKey, seal, unseal } from '#crypto'
import type { RefreshOutcome } from '../session/strategy.ts'

/**
 * The results of one refresh token, sealed with a key that is made of it: Redis never sees the token, and cannot open
 * them.
 */
export function redisResults(refreshToken: string, name: string) {
  const key = () => deriveKey(refreshToken, 'result of a refresh')
  return {
    seal: async (outcome: RefreshOutcome) => seal(await key(), JSON.stringify(outcome), name),
    /** `undefined`: not sealed with this key. */
    async open(sealed: string, ageMs: number): Promise<RefreshOutcome | undefined> {
      const text = await unseal(await key(), sealed, name)
      if (text === undefined) return undefined
      const outcome = JSON.parse(text) as RefreshOutcome
      if (outcome.kind !== 'ok') return outcome
      return { ...outcome, shared: true, ...(ageMs > 0 && { ageMs: ageMs + (outcome.ageMs ?? 0) }) }
    },
  }
}
