import type { Trouble } from '../proof/judge/history.ts'
import type { Place } from '../proof/world/place.ts'
import type { Random } from '../proof/world/random.ts'
import type { Fault } from './faults.ts'
import type { Time } from './time.ts'

type Range = readonly [least: number, most: number]

/** Between a process and its store. All in milliseconds. */
export interface StoreLine {
  readonly time: Time
  readonly place: Place
  readonly random: Random
  readonly thereMs: Range
  readonly backMs: Range
  /** How much longer a slow store takes. */
  readonly slowMs: Range
  /** An answer that does not come is given up, as a client of Redis does. @default never */
  readonly giveUpMs?: number
  readonly faults: () => readonly Fault[]
  readonly onFault: (kind: Fault['kind'] & Trouble) => void
}

/** `apply` runs at one instant at the store, unless the call fails before; what it gives comes back, unless it is lost. */
export function callStore<T>(line: StoreLine, apply: () => T): Promise<T> {
  const { time, place, random } = line
  const { giveUpMs = Infinity } = line
  return new Promise((resolve, reject) => {
    if (!place.isAlive()) return
    const [there, back, chance, roll] = [
      random.between(...line.thereMs),
      random.between(...line.backMs),
      random.next(),
      random.next(),
    ]
    const fault = line.faults().find(({ share }) => chance < share)
    if (fault) line.onFault(fault.kind as Fault['kind'] & Trouble)
    const [least, most] = line.slowMs
    const slowMs = fault?.kind === 'storeSlow' ? Math.round(least + roll * (most - least)) : 0
    const fail = () => reject(new Error('the store is away'))
    if (fault?.kind === 'storeFails') return place.after(there, fail)
    if (slowMs > giveUpMs) place.after(giveUpMs, fail)
    time.at(time.now() + there + slowMs / 2, () => {
      const result = apply()
      place.after(back + slowMs / 2, fault?.kind === 'ackLost' ? fail : () => resolve(result))
    })
  })
}
