import type { RefreshOutcome } from '../session/strategy.ts'
import type { PaceNews } from './pace.ts'

/** What an outcome says about the pace; `undefined`: nothing. */
export function paceNews(outcome: RefreshOutcome): PaceNews | undefined {
  const { kind } = outcome
  if (kind === 'ok' || kind === 'rejected') return { kind: 'won' }
  if (kind === 'unsupported') return undefined
  const isLimiter = kind === 'refused' && outcome.cause === 'limited'
  const { retryAfterMs, overloaded } = outcome
  return isLimiter || overloaded ? { kind: 'overloaded', retryAfterMs, isLimiter } : undefined
}
