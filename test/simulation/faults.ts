import type { Random } from '../proof/world/random.ts'

/** What goes wrong on the way of a request to the backend, while it lasts. */
export const WIRE = [
  'slow',
  'refused',
  'reset',
  'lost',
  'truncated',
  'hole',
  'gateway',
  'afterwards',
  'busy',
  'limited',
  'outage',
  'portal',
  'noRoute',
  'forbidden',
  'api401',
] as const
export const STORE = ['storeFails', 'storeSlow', 'ackLost', 'emptied', 'failover'] as const
export const PLACE = ['crash', 'crashAtAnswer', 'pause', 'sleep', 'jump'] as const
export const GRANT = ['revoked'] as const
export const KINDS = [...WIRE, ...STORE, ...PLACE, ...GRANT] as const
export type WireFault = (typeof WIRE)[number]
export type FaultKind = (typeof KINDS)[number]

export interface Fault {
  readonly id: number
  readonly kind: FaultKind
  readonly at: number
  readonly forMs: number
  /** Whom it concerns, of however many there are; absent: all. */
  readonly scope?: number
  /** How many of the requests in its time it hits. */
  readonly share: number
  /** From 0 up to 1: how bad it is. */
  readonly roll: number
}

/** Those that end sessions for good, or that none survives unharmed: they come less often. */
const HARD: readonly FaultKind[] = ['emptied', 'failover', 'revoked', 'forbidden', 'noRoute']

const SECOND = 1_000
const MINUTE = 60_000
const LENGTHS: readonly (readonly [number, number])[] = [
  [SECOND, 20 * SECOND],
  [20 * SECOND, 3 * MINUTE],
  [3 * MINUTE, 30 * MINUTE],
]

/** What will go wrong in a world, and when. `gapMs`: between two faults, on average. */
export function planFaults(
  random: Random,
  kinds: readonly FaultKind[],
  totalMs: number,
  gapMs: number,
): Fault[] {
  const faults: Fault[] = []
  let at = 0
  for (let id = 0; ; id++) {
    at += Math.round(-Math.log(1 - random.next()) * gapMs)
    const picked = random.pick(kinds)
    const isSpared = random.next() > (HARD.includes(picked) ? 0.15 : 1)
    const [least, most] = random.pick(LENGTHS)
    const forMs = random.between(least, most)
    const scope = random.between(0, 9_999)
    const isForAll = random.next() < 0.3
    const share = random.pick([0.3, 0.7, 1])
    const roll = random.next()
    if (at >= totalMs) return faults
    if (!isSpared) faults.push({ id, kind: picked, at, forMs, ...(!isForAll && { scope }), share, roll })
  }
}
