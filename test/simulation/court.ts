import type { ResendPolicy } from '../../machines/session.types.ts'
import type { Family } from './provider.ts'
import type { Time } from './time.ts'
import type { Line, Trace } from './trace.ts'

export interface Violation {
  /** `I1`, as `docs/proof.md` numbers them, or a crash. */
  readonly invariant: string
  readonly at: number
  readonly seat: number
  readonly text: string
  readonly evidence: readonly Line[]
}

/** What the judge knows of the seats: how they were set up. */
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
  readonly isRevocable: boolean
}

export interface CourtOptions {
  readonly time: Time
  readonly trace: Trace
  readonly lifeMs: number
  readonly rulesOf: (seat: number) => SeatRules
  /** How far the clocks of a seat may have been wrong since an instant; milliseconds. */
  readonly slackOf: (seat: number, since: number) => number
}

const MOST = 20

/** Where violations are brought, and what explains things is remembered. */
export function createCourt(options: CourtOptions) {
  const { time, trace } = options
  const violations: Violation[] = []
  /** By seat and kind: when it was last. */
  const troubles = new Map<string, number>()
  let count = 0
  return {
    ...options,
    violations,
    count: () => count,
    violate(invariant: string, seat: number, text: string): void {
      count += 1
      trace.note(seat, `VIOLATION ${invariant}: ${text}`)
      if (violations.length < MOST)
        violations.push({ invariant, at: time.now(), seat, text, evidence: trace.of(seat) })
    },
    /** Something went wrong for a seat, so that its session may not know what it would know. */
    trouble: (seat: number, what: string) => void troubles.set(`${seat} ${what}`, time.now()),
    /** What went wrong since then, of these kinds. */
    troubled: (seat: number, since: number, kinds: readonly string[]): string | undefined =>
      kinds.find((what) => (troubles.get(`${seat} ${what}`) ?? -Infinity) >= since),
  }
}

export type Court = ReturnType<typeof createCourt>

/** The newest bearer of a grant. */
export const newestOf = (family: Family) => family.recent[0]
