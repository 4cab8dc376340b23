import { NEVER } from '../../machines/session.instants.ts'
import type { Sends } from '../../machines/session.ledger.ts'
import type { KnownSends } from './strategy.ts'

/** The ages of sends that are on the session's timeline. */
export const agesOf = ({ sends, since, answers, answeredSince }: Sends, at: number): KnownSends => ({
  sends,
  sinceMs: Math.max(at - since, 0),
  answers,
  ...(answeredSince < NEVER && { answeredSinceMs: Math.max(at - answeredSince, 0) }),
})

/** The instants of sends, on the session's timeline, from their ages. */
export const sendsOf = ({ sends, sinceMs, answers, answeredSinceMs }: KnownSends, at: number): Sends => ({
  sends,
  since: at - sinceMs,
  answers,
  answeredSince: answeredSinceMs === undefined ? NEVER : at - answeredSinceMs,
})
