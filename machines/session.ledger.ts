import { NEVER } from './session.instants.ts'
import type { ExpiredReason, ResendPolicy } from './session.types.ts'

/** Answered sends that end a session, and the least time between the first and the last of them. */
export const MAX_ANSWERS = 4
const MIN_ANSWERED_MS = 120_000
/** The waits after the first, second, third … send without a definitive answer; the last one repeats. */
export const WAITS_MS = [10_000, 30_000, 80_000, 120_000, 240_000, 300_000]
/** A send within a provider's own grace window is made sooner than this. */
export const FIRST_WAIT_IN_WINDOW_MS = 500
/** The least wait between two sends that somebody asked for: a click, a network that is back. */
export const EARLIEST_MS = 5_000
/** A backend's `Retry-After` is never believed for longer. */
export const MAX_HOLD_MS = 300_000

/**
 * How long a row is remembered at least, from its last send; milliseconds. It is longer than every wait between two
 * sends, and as long as the longest life of a bearer, because a session that slept meanwhile may bring the same token.
 */
export const MEMORY_MS = 86_400_000

/**
 * The sends of one refresh token without a definitive answer. Instants are on the clock of the ledger's keeper;
 * `NEVER`: there is no such instant.
 */
export interface Sends {
  /** How often the token was sent; a running send counts. */
  readonly sends: number
  /** When the first of them was made. */
  readonly since: number
  /** How often the backend itself answered without a definitive word. */
  readonly answers: number
  /** When the first of those answers came. */
  readonly answeredSince: number
}

/** One row of the ledger: everything that decides whether one refresh token may be sent. */
export interface LedgerRow extends Sends {
  /** When the last send was made. */
  readonly sentAt: number
  /** The next permitted send, unless somebody asks for an earlier one. */
  readonly notBefore: number
  /** Until when the backend asked to wait (`Retry-After`): nobody sends earlier. */
  readonly heldUntil: number
  /** Until when an answer to the running send may come; absent: no send is running. */
  readonly openUntil?: number
  /** The token is never sent again: it is known to be spent, or this is why the backend rejected it. */
  readonly closed?: 'consumed' | ExpiredReason
}

/** The request for a send. */
export interface SendAsk {
  /** The policy of the strategy. */
  readonly resend: ResendPolicy
  /** The bearer is gone: without a renewal the session can serve nobody. */
  readonly isSpent: boolean
  /** Somebody asks for it now (a click, a network that is back): the backoff does not apply, but `Retry-After` does. */
  readonly isEarly?: boolean
  /** The holder's own memory of earlier sends, on the clock of the row. It can only raise the row. */
  readonly known?: Sends | null
}

/**
 * The ledger's answer to a request. `open`: another send is running, for at most `waitMs`. `doubt`: not now; for
 * `waitMs` nothing changes by itself (`NEVER`: time alone never changes it).
 */
export type LedgerDecision =
  | { readonly kind: 'send' }
  | { readonly kind: 'open'; readonly waitMs: number }
  | { readonly kind: 'doubt'; readonly waitMs: number }
  | { readonly kind: 'consumed' }
  | { readonly kind: 'rejected'; readonly reason: ExpiredReason }

/** The result of one send for the ledger. `unsent`: provably not processed. */
export type SendResult =
  | { readonly kind: 'renewed' }
  | { readonly kind: 'unsent' }
  | { readonly kind: 'consumed' }
  | { readonly kind: 'rejected'; readonly reason: ExpiredReason }
  | { readonly kind: 'unknown'; readonly answered: boolean; readonly retryAfterMs?: number }

/** Nothing was ever sent. */
export const NO_SENDS: Sends = { sends: 0, since: NEVER, answers: 0, answeredSince: NEVER }

/** One more send, made at `sentAt`. `answeredAt`: when the backend answered without a definitive word. */
export function counted(before: Sends | null, sentAt: number, answeredAt: number = NEVER): Sends {
  const { sends, since, answers, answeredSince } = before ?? NO_SENDS
  return {
    sends: sends + 1,
    since: Math.min(since, sentAt),
    answers: answers + (answeredAt < NEVER ? 1 : 0),
    answeredSince: Math.min(answeredSince, answeredAt),
  }
}

/** The greater of two memories of one token's sends; a holder's own memory can only raise a row. */
export function raised<T extends Sends>(row: T, known: Sends | null | undefined): T {
  if (!known) return row
  return {
    ...row,
    sends: Math.max(row.sends, known.sends),
    since: Math.min(row.since, known.since),
    answers: Math.max(row.answers, known.answers),
    answeredSince: Math.min(row.answeredSince, known.answeredSince),
  }
}

/**
 * The row on a clock that was set back since: no send is in the future. Otherwise a clock that ran ahead for a while
 * would hold the token back for that time.
 */
export function asOf(row: LedgerRow, now: number): LedgerRow {
  const ahead = row.sentAt - now
  if (!(ahead > 0)) return row
  const back = (at: number) => (at < NEVER ? at - ahead : at)
  return {
    ...row,
    since: back(row.since),
    answeredSince: back(row.answeredSince),
    sentAt: now,
    notBefore: back(row.notBefore),
    heldUntil: back(row.heldUntil),
    ...(row.openUntil !== undefined && { openUntil: back(row.openUntil) }),
  }
}

/** Whether the strategy's policy permits one more send, without regard to the backoff. */
export function mayResend(
  doubt: Sends,
  { resend, isSpent }: Pick<SendAsk, 'resend' | 'isSpent'>,
  now: number,
) {
  if (resend === 'never') return false
  if (typeof resend === 'object') return doubt.sends < 2 && now <= doubt.since + resend.withinMs
  return isSpent && doubt.answers < MAX_ANSWERS
}

/** No permitted send could renew: when the bearer is gone, the session is over. */
export function isGivenUp(doubt: Sends, resend: ResendPolicy, now: number): boolean {
  if (resend === 'never') return true
  if (typeof resend === 'object') return doubt.sends > 1 || now > doubt.since + resend.withinMs
  return now >= givenUpAt(doubt)
}

/** When the last permitted answered send ends the session; `NEVER`: it is not used up yet. */
export function givenUpAt({ answers, answeredSince }: Sends): number {
  return answers >= MAX_ANSWERS ? answeredSince + MIN_ANSWERED_MS : NEVER
}

/** The wait after the last of `sends`. `roll` (0 to 1) adds up to a quarter, so that not all come back at once. */
export function waitAfter({ sends }: Sends, resend: ResendPolicy, roll: number): number {
  if (typeof resend === 'object') return Math.min(FIRST_WAIT_IN_WINDOW_MS * (1 + roll), resend.withinMs / 2)
  const wait = WAITS_MS[Math.min(Math.max(sends, 1), WAITS_MS.length) - 1] as number
  return wait * (1 + roll / 4)
}

/** When the next send is due for this request. Nothing is sent before a `Retry-After` has passed. */
export function dueAt(row: Pick<LedgerRow, 'sentAt' | 'notBefore' | 'heldUntil'>, isEarly: boolean): number {
  const { sentAt, notBefore, heldUntil } = row
  return Math.max(isEarly ? Math.min(notBefore, sentAt + EARLIEST_MS) : notBefore, heldUntil)
}

/** Whether the token may be sent now. Pure; every coordinator decides by this function alone. */
export function decide(row: LedgerRow | null, ask: SendAsk, now: number): LedgerDecision {
  if (row?.closed === 'consumed') return { kind: 'consumed' }
  if (row?.closed) return { kind: 'rejected', reason: row.closed }
  if (row?.openUntil !== undefined && now < row.openUntil)
    return { kind: 'open', waitMs: row.openUntil - now }
  const doubt = row ? raised(row, ask.known) : ask.known
  if (!doubt || doubt.sends === 0) return { kind: 'send' }
  if (!mayResend(doubt, ask, now)) return { kind: 'doubt', waitMs: NEVER }
  const waitMs = row ? dueAt(row, ask.isEarly === true) - now : 0
  return waitMs > 0 ? { kind: 'doubt', waitMs } : { kind: 'send' }
}

/**
 * The row at the begin of a send, written before the token is sent. If the process dies before the answer, this row
 * says what is known.
 */
export function opened(row: LedgerRow | null, ask: SendAsk, now: number, openForMs: number): LedgerRow {
  const before = raised(row ?? blank(now), ask.known)
  const sends = before.sends + 1
  return {
    ...before,
    sends,
    sentAt: now,
    notBefore: now + waitAfter({ ...before, sends }, ask.resend, 0),
    openUntil: now + openForMs,
  }
}

/**
 * The row after the answer to the send that `opened` it; `before` is the row before that send. `null`: there is nothing
 * to remember.
 */
export function settled(
  row: LedgerRow,
  before: LedgerRow | null,
  result: SendResult,
  resend: ResendPolicy,
  now: number,
  roll: number,
): LedgerRow | null {
  const { openUntil: _, ...rest } = row
  switch (result.kind) {
    case 'renewed':
      return null
    case 'unsent':
      return before
    case 'consumed':
      return { ...rest, closed: 'consumed' }
    case 'rejected':
      return { ...rest, closed: result.reason }
    default: {
      const { answered, retryAfterMs = 0 } = result
      return {
        ...rest,
        answers: rest.answers + (answered ? 1 : 0),
        answeredSince: Math.min(rest.answeredSince, answered ? now : NEVER),
        notBefore: now + waitAfter(rest, resend, roll),
        heldUntil: now + (retryAfterMs > 0 ? Math.min(retryAfterMs, MAX_HOLD_MS) : 0),
      }
    }
  }
}

/** Replaces an unreadable row: the token was sent once, at an unknown time and with an unknown outcome. */
const UNREADABLE: LedgerRow = {
  sends: 1,
  since: 0,
  answers: 0,
  answeredSince: NEVER,
  sentAt: 0,
  notBefore: 0,
  heldUntil: 0,
}

/** Why a row may be closed. By its type no word is missing: a closed row that is unreadable would be sent again. */
export const CLOSED: Readonly<Record<NonNullable<LedgerRow['closed']>, true>> = {
  consumed: true,
  refreshRejected: true,
  refreshUnsupported: true,
  refreshOutcomeUnknown: true,
  notRefreshable: true,
  missingCredential: true,
  accessRevoked: true,
  identityMismatch: true,
  keyLost: true,
  stepUpRequired: true,
  idle: true,
  absoluteLifetime: true,
  unusableLifetime: true,
  internal: true,
}

/**
 * A row of a store; `undefined`: there is none. A damaged row counts as a send of which nobody knows. It ends nothing
 * that its policy does not end, and its token is not sent as if it were new.
 */
export function readRow(value: unknown): LedgerRow | undefined {
  if (value === undefined || value === null) return undefined
  const { sends, since, answers, answeredSince, sentAt, notBefore, heldUntil, openUntil, closed } =
    value as LedgerRow
  const areCounts = [sends, answers].every((count) => Number.isSafeInteger(count) && count >= 0)
  const instants = [since, answeredSince, sentAt, notBefore, heldUntil, openUntil ?? 0]
  const isKnown = closed === undefined || Object.keys(CLOSED).includes(closed)
  if (!areCounts || !instants.every(Number.isFinite) || !isKnown) return UNREADABLE
  return {
    sends,
    since,
    answers,
    answeredSince,
    sentAt,
    notBefore,
    heldUntil,
    ...(openUntil !== undefined && { openUntil }),
    ...(closed && { closed }),
  }
}

/** The row of a token that was never sent. */
export const blank = (now: number): LedgerRow => ({
  sends: 0,
  since: now,
  answers: 0,
  answeredSince: NEVER,
  sentAt: now,
  notBefore: 0,
  heldUntil: 0,
})
