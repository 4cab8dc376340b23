import type { ResendPolicy } from '../../machines/session.types.ts'
import type { Bearer, Call } from '../proof/judge/history.ts'
import type { World } from '../proof/judge/judge.ts'
import type { Place } from '../proof/world/place.ts'

/** How a seat was set up. */
export interface SeatRules {
  readonly policy: 'eager' | 'onDemand' | 'prompt'
  readonly resend: ResendPolicy
  readonly leadTimeMs: number
  readonly patienceMs: number
  readonly idleTimeoutMs: number
  readonly absoluteLifetimeMs: number
  /** Several processes share the session, and its sends are written down before. */
  readonly hasIntents: boolean
  readonly isStored: boolean
  /** How many hold the session at the same time. */
  readonly copies: number
}

const FLOOR_MS = 5_000
/** What comes after a logout is revoked by then, or nobody tries any more. */
const REVOKE_MS = 120_000
/** A `fetch` waits for the backend, too. */
const BACKEND_MS = 45_000
/** Of a call that waits for a store three times. */
const STORE_MS = 3 * 5_000
/** A request to a server gives up by then, but for the backend. */
const REQUEST_MS = 30_000
/** The life of a bearer may be told in whole seconds, and counts from when it came. */
const TOLD_MS = 1_050
const ROUNDED_MS = 2_000
const TRAVEL_MS = 80_000

export interface WorldParts {
  readonly rules: SeatRules
  /** Of bearers. */
  readonly lifeMs: number
  now(): number
  /** How far the clocks of the seat may have been wrong since an instant. */
  slackMs(since: number): number
  placeOf(by: string): Place | undefined
  /** A process of the seat has stood still since. */
  stoodStill(since: number): boolean
  /** When a bearer came to whoever asked for it. */
  receivedAt(bearer: Bearer): number
  /** The backend will never answer it. */
  isSwallowed(call: Call): boolean
}

/** What the judge is told of a seat: its rules, and what its simulated faults excuse. */
export function worldOf(parts: WorldParts): World {
  const { rules, lifeMs, now, slackMs, placeOf, stoodStill, receivedAt, isSwallowed } = parts
  const { hasIntents, isStored, policy } = rules
  const jitterMs = policy === 'eager' ? Math.min(lifeMs * 0.2, 180_000) : 0
  const wasStill = (by: string, since: number) => placeOf(by)?.isStill() || stoodStill(since)
  return {
    resend: rules.resend,
    dueMs: Math.min(rules.leadTimeMs, lifeMs / 2) + jitterMs + ROUNDED_MS,
    kind: hasIntents ? 'server' : isStored ? 'tabs' : 'memory',
    hasIntents,
    renewsToLeave: hasIntents,
    limits: { ...rules, isPrompted: policy === 'prompt' },
    pace: { floorMs: Math.min(FLOOR_MS, lifeMs / 2), copies: rules.copies },
    leeway: {
      slackMs,
      isStill: (by) => placeOf(by)?.isStill() ?? false,
      ticks: (by) => placeOf(by)?.clock.monotonic() ?? now(),
    },
    now,
    hasEnded(bearer) {
      const { endsAt, mintedAt } = bearer
      const lateMs = now() - endsAt - slackMs(mintedAt)
      return lateMs > ROUNDED_MS + Math.min(receivedAt(bearer) - mintedAt, TRAVEL_MS)
    },
    mayHaveEnded: ({ endsAt, mintedAt }) => now() >= endsAt - TOLD_MS - slackMs(mintedAt),
    // A server needs a bearer to end a grant, and may have none.
    isIdle: (by, since) => !hasIntents && now() - since >= REVOKE_MS && !wasStill(by, since),
    patienceMs(call) {
      const { by, kind, at } = call
      if (wasStill(by, at) || isSwallowed(call)) return Infinity
      const ownMs = kind === 'request' ? REQUEST_MS : rules.patienceMs + STORE_MS
      return kind === 'fetch' || kind === 'request' ? ownMs + BACKEND_MS : ownMs
    },
  }
}
