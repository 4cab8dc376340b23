import type { Doubt, SessionFacts } from '../../machines/session.context.ts'
import { NEVER } from '../../machines/session.instants.ts'
import {
  asOf,
  counted,
  type LedgerRow,
  MAX_ANSWERS,
  raised,
  waitAfter,
} from '../../machines/session.ledger.ts'
import type { ResendPolicy } from '../../machines/session.types.ts'
import { sendsOf } from './sendAges.ts'
import type { RefreshOutcome } from './strategy.ts'

/** One instant on both of a session's clocks: that of its timeline, and the one that records are on. */
export interface Instant {
  readonly at: number
  readonly wall: number
}

/** From one clock to the other, by what they say at one instant. */
const moved = (instant: number, from: number, to: number) => (instant < NEVER ? instant - from + to : NEVER)

/**
 * The facts of a session that is found with a `row` for its refresh token. None while the send of somebody else is in the
 * air, who will tell. A token that was rejected leaves nothing to live on, whatever its bearer says.
 */
export function doubtOf(
  row: LedgerRow,
  resend: ResendPolicy,
  { at, wall }: Instant,
): Pick<SessionFacts, 'doubt' | 'retryAt'> & { readonly bearer?: 'none' } {
  const {
    closed,
    openUntil = 0,
    sends,
    since,
    answers,
    answeredSince,
    notBefore,
    heldUntil,
  } = asOf(row, wall)
  if (openUntil > wall || (sends === 0 && !closed)) return {}
  const here = (instant: number) => moved(instant, wall, at)
  const doubt: Doubt = {
    sends: Math.max(sends, 1),
    since: here(since),
    answers,
    answeredSince: here(answeredSince),
    resend: closed === 'consumed' ? 'never' : resend,
  }
  const retryAt = here(Math.max(notBefore, heldUntil))
  if (!closed || closed === 'consumed') return { doubt, retryAt }
  // As much as answers can say.
  const over: Doubt = { ...doubt, answers: MAX_ANSWERS, answeredSince: 0, resend: 'afterBearerEnds' }
  return { doubt: over, retryAt, bearer: 'none' }
}

type Unknown = Extract<RefreshOutcome, { kind: 'unknown' }>

/** What one attempt tells of its token. */
interface Told {
  readonly outcome: RefreshOutcome
  /** What was known before; on the session's timeline, and so is `sentAt`. */
  readonly known: Doubt | null
  readonly sentAt: number
  readonly resend: ResendPolicy
}

/**
 * The row that a record is to carry after an outcome that proves no renewal; `undefined`: as `stored`, or nothing is to be
 * remembered.
 */
export function rowAfter(stored: LedgerRow | undefined, told: Told, now: Instant): LedgerRow | undefined {
  const { outcome, known, sentAt, resend } = told
  const there = (instant: number) => moved(instant, now.at, now.wall)
  const isRejected = outcome.kind === 'rejected' && outcome.reason === 'refreshRejected'
  if (outcome.kind !== 'unknown' && !isRejected) return undefined
  const {
    doubt,
    answered,
    consumed,
    retryAfterMs = 0,
  }: Partial<Unknown> = outcome.kind === 'unknown' ? outcome : {}
  const sends = doubt ? sendsOf(doubt, now.at) : counted(known, sentAt, answered ? now.at : NEVER)
  const closed = isRejected ? 'refreshRejected' : consumed ? 'consumed' : stored?.closed
  const row = raised<LedgerRow>(
    {
      sends: sends.sends,
      since: there(sends.since),
      answers: sends.answers,
      answeredSince: there(sends.answeredSince),
      sentAt: there(sentAt),
      notBefore: now.wall + (doubt?.waitMs ?? waitAfter(sends, resend, 0)),
      heldUntil: now.wall + retryAfterMs,
      ...(closed && { closed }),
    },
    stored,
  )
  // A ledger that lives in the store says so already.
  const isKnown = stored !== undefined && stored.closed === closed
  return isKnown && (isRejected || (stored.sends === row.sends && stored.answers === row.answers))
    ? undefined
    : row
}
