import type { EventOf, SessionEvent } from '../../machines/session.events.ts'
import { after } from '../../machines/session.instants.ts'
import type { RejectedReason, ResendPolicy } from '../../machines/session.types.ts'
import type { EndedElsewhere } from '../coordination/coordinator.ts'
import { sendsOf } from './sendAges.ts'
import type { RefreshOutcome } from './strategy.ts'

/** An outcome without a bearer. */
export type Failure = Exclude<RefreshOutcome, { kind: 'ok' }> | EndedElsewhere

interface Attempt {
  /** When the attempt began, on the session's timeline. */
  readonly sentAt: number
  /** Whether the token may be sent again. */
  readonly resend: ResendPolicy
}

type RefreshEvent = EventOf<
  'session.ended' | 'refresh.rejected' | 'refresh.unsupported' | 'refresh.refused' | 'refresh.unknown'
>
type Unpositioned<Event> = Event extends SessionEvent ? Omit<Event, 'epoch' | 'version'> : never

/** How long ago an answer came, in milliseconds. Without a valid age it came just now. */
export const ageOf = ({ ageMs }: { readonly ageMs?: number }) =>
  Number.isFinite(ageMs) ? Math.max(ageMs as number, 0) : 0

/** The chart's event for a failure. `roll`: random, 0 to 1. */
export function refreshEvent(
  outcome: Failure,
  { sentAt, resend }: Attempt,
  at: number,
  roll: number,
): Unpositioned<RefreshEvent> {
  // Waiting callers must not all come back at the same instant.
  const waitMs = 'retryAfterMs' in outcome ? (outcome.retryAfterMs ?? 0) * (1 + roll / 10) : 0
  const notBefore = waitMs > 0 ? at + waitMs : 0
  switch (outcome.kind) {
    case 'ended':
      return { type: 'session.ended', at, reason: 'elsewhere' }
    case 'rejected':
      return { type: 'refresh.rejected', at, reason: outcome.reason as RejectedReason }
    case 'unsupported':
      return { type: 'refresh.unsupported', at, forGood: outcome.forGood }
    case 'refused':
      return {
        type: 'refresh.refused',
        at,
        roll,
        notBefore,
        misconfigured: outcome.cause === 'misconfigured',
      }
    case 'unknown': {
      const { doubt, answered, consumed } = outcome
      return {
        type: 'refresh.unknown',
        at,
        // A follower joined after the token was sent.
        sentAt: Math.min(sentAt, at - ageOf(outcome)),
        roll,
        notBefore,
        resend: consumed ? 'never' : resend,
        answered,
        ...(doubt && { row: { ...sendsOf(doubt, at), retryAt: after(at, doubt.waitMs) } }),
      }
    }
  }
}
