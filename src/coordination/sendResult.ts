import type { SendResult } from '../../machines/session.ledger.ts'
import type { RefreshOutcome } from '../session/strategy.ts'

/** The result of an outcome for the ledger. */
export function sendResult(outcome: RefreshOutcome): SendResult {
  switch (outcome.kind) {
    case 'ok':
      return { kind: 'renewed' }
    case 'rejected':
      return { kind: 'rejected', reason: outcome.reason }
    case 'unknown': {
      const { answered, retryAfterMs = 0 } = outcome
      return outcome.consumed ? { kind: 'consumed' } : { kind: 'unknown', answered, retryAfterMs }
    }
    default:
      return { kind: 'unsent' }
  }
}
