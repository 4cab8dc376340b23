import type { SessionNotice } from 'xstate-session'
import type { TurnedAway } from '../backend/gateway.ts'
import type { Presentation } from '../backend/presentations.ts'
import { type Check, same, tally } from './evidence.ts'

export interface Whole {
  readonly notices: readonly SessionNotice[]
  readonly presentations: readonly Presentation[]
  /** Refreshes that a gateway has answered in place of the backend. */
  readonly turnedAway: readonly Pick<TurnedAway, 'attemptId'>[]
  readonly tookMs: number
}

const LONGEST_MS = 60_000

/** Why each token that came again had come in vain before. A token that was not rotated away is not spent. */
export function repeats(presentations: readonly Presentation[]): string[] {
  const uses = new Map<string, Presentation['outcome'][]>()
  return presentations.flatMap(({ tokenHash, outcome }) => {
    const before = uses.get(tokenHash) ?? []
    uses.set(tokenHash, [...before, outcome])
    if (before.length === 0 || before.every((earlier) => earlier === 'ok-same')) return []
    if (before.some((earlier) => earlier === 'ok-rotated' || earlier === 'rejected')) return ['spent']
    return [before.includes('unknown-to-client') ? 'unknown' : 'refused']
  })
}

/** What must hold for the tour as a whole. */
export function checkWhole({ notices, presentations, turnedAway, tookMs }: Whole): Check[] {
  const sent = notices.flatMap((notice) => (notice.type === 'refreshSent' ? [notice.attemptId] : []))
  const arrived = [...presentations, ...turnedAway].map(({ attemptId }) => attemptId ?? 'none')
  const isComplete = sent.length > 0 && sent.toSorted().join() === arrived.toSorted().join()
  return [
    same('presented again after', '1x refused, 1x unknown', tally(repeats(presentations).toSorted())),
    same(
      'refreshes sent and arrived',
      'the same',
      isComplete ? 'the same' : `${sent.length} and ${arrived.length}`,
    ),
    same('time', 'at most 60 s', tookMs <= LONGEST_MS ? 'at most 60 s' : `${Math.ceil(tookMs / 1000)} s`),
  ]
}
