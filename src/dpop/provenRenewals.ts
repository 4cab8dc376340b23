import type { Line } from '../oauth/line.ts'
import type { RefreshOutcome, SessionStrategy } from '../session/strategy.ts'
import type { Keys } from './keys.ts'
import type { Finding } from './provenLine.ts'
import type { ProofKey } from './prover.ts'

/** Adds proofs of the key to the line of one call. */
export type ProveLine = <L extends Line>(line: L, key: ProofKey, found: Finding) => L

/** Refreshes with a proof. If the key is lost, nothing is sent, and the session is over. */
export const provenRenewals = (
  refreshes: Omit<SessionStrategy, 'resend'>,
  keys: Keys,
  proven: ProveLine,
): Omit<SessionStrategy, 'resend'> => ({
  ...refreshes,
  async refresh(request): Promise<RefreshOutcome> {
    let key: ProofKey | undefined
    try {
      key = await keys.find(request.keyId)
    } catch {
      // A storage that does not answer now has lost nothing.
      return { kind: 'refused', cause: 'unavailable' }
    }
    if (!key) return { kind: 'rejected', reason: 'keyLost' }
    const found: Finding = {}
    const outcome = await refreshes.refresh(proven(request, key, found))
    const { problem, isSent } = found
    // The server checks the proof before the token (RFC 9449 sections 5 and 8).
    if (problem) return { kind: 'refused', cause: 'misconfigured', problem: problem.message }
    return outcome.kind === 'unknown' && !isSent ? { kind: 'refused', cause: 'network' } : outcome
  },
})
