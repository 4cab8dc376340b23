import { deadlinesOf } from '../../machines/session.deadlines.ts'
import { random } from '../proof/world/random.ts'

export interface Peaks {
  readonly sessions: number
  readonly mean: number
  readonly peak: number
}

const LEAD_MS = 30_000

/**
 * How many refreshes per second a million sessions make that all logged in within `burstMs`, over `rounds` lives of
 * their bearers. `jittered`: each with its own roll, as sessions do; else all with none.
 */
export function measureScale(
  sessions: number,
  lifeMs: number,
  burstMs: number,
  rounds: number,
  jittered: boolean,
  seed: number,
): Peaks {
  const rolls = random(seed)
  const perSecond = new Uint32Array(Math.ceil(((rounds + 1) * lifeMs + burstMs) / 1_000) + 1)
  let total = 0
  let last = 0
  for (let session = 0; session < sessions; session++) {
    let at = rolls.next() * burstMs
    for (let round = 0; round < rounds; round++) {
      at = deadlinesOf(at, lifeMs, LEAD_MS, jittered ? rolls.next() : 0).refreshAt
      const second = Math.floor(at / 1_000)
      perSecond[second] = (perSecond[second] ?? 0) + 1
      total += 1
      last = Math.max(last, at)
    }
  }
  return {
    sessions,
    mean: total / Math.max(1, last / 1_000),
    peak: perSecond.reduce((most, count) => Math.max(most, count), 0),
  }
}
