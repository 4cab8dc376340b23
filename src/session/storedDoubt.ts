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

/** One instant on both clocks of a session: its timeline, and the clock of records. */
export interface Instant {
  readonly at: number
  readonly wall: number
}

/** Converts from one clock to the other by their readings at one instant. */
const moved = (instant: number, from: number, to: number) => (instant < NEVER ? instant - from + to : NEVER)

/**
 * The facts of a stored session with a `row` for its refresh token. There are none while another process has a running
 * send, because that process will report. If the token was rejected, the session is over, whatever its bearer says.
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
  // No more answers than the rules can count.
  const over: Doubt = { ...doubt, answers: MAX_ANSWERS, answeredSince: 0, resend: 'afterBearerEnds' }
  return { doubt: over, retryAt, bearer: 'none' }
}

type Unknown = Extract<RefreshOutcome, { kind: 'unknown' }>

/** The facts about its token after one attempt. */
interface Told {
  readonly outcome: RefreshOutcome
  /** The earlier facts, on the session's timeline, like `sentAt`. */
  readonly known: Doubt | null
  readonly sentAt: number
  readonly resend: ResendPolicy
}

/**
 * The row for the record after an outcome without a renewal; `undefined`: the row stays as in `stored`, or there is
 * nothing to remember.
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
  // A ledger that is in the store says so already.
  const isKnown = stored !== undefined && stored.closed === closed
  return isKnown && (isRejected || (stored.sends === row.sends && stored.answers === row.answers))
    ? undefined
    : row
}
