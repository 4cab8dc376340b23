import type { ResendPolicy } from '../../../machines/session.types.ts'

/** How many answers of the backend itself, of which none proves anything, one token may get. */
export const MAX_ANSWERS = 4

/** What is known of a refresh token by whoever sends it again. */
export interface DoubtfulSends {
  /** Sends in a row that may have spent it. */
  readonly doubts: number
  /** How many of them the backend itself answered. */
  readonly answers: number
  /** How long ago the first of them was; what clocks may be off is taken away. */
  readonly sinceMs: number
  /** The bearer of the sender is over, by its clock or by a 401. */
  readonly isSpent: boolean
}

/**
 * I1: what forbids that a refresh token is sent again whose sends so far are in doubt; empty where the policy permits it.
 * Property tests, checker, simulation and chaos all judge by it.
 */
export function againstResend(
  resend: ResendPolicy,
  { doubts, answers, sinceMs, isSpent }: DoubtfulSends,
): string[] {
  if (doubts === 0) return []
  if (resend === 'never') return ['again under "never"']
  const wrong: string[] = []
  if (resend === 'afterBearerEnds') {
    if (!isSpent) wrong.push('again in doubt while its bearer is good')
    if (answers >= MAX_ANSWERS) wrong.push(`again after ${answers} answers of the backend`)
  } else {
    if (doubts > 1) wrong.push('a third time')
    if (sinceMs > resend.withinMs) wrong.push(`again ${sinceMs - resend.withinMs} ms after its window`)
  }
  return wrong
}
