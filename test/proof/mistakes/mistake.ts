import type { Nuisance } from '../../chaos/nemesis.ts'
import type { Patch } from '../../patchSources.ts'

/** A mistake that somebody might make, and the layers of the proof that must see it. */
export interface Mistake {
  readonly about: string
  /** The rows and invariants of `test/faults.ts` that do not hold with it. */
  readonly breaks: readonly string[]
  readonly patches: readonly Patch[]
  readonly seenBy: {
    readonly tests?: SeenByTest
    readonly checker?: SeenByChecker
    readonly simulation?: SeenBySimulation
    readonly chaos?: SeenByChaos
  }
}

export type Layer = keyof Mistake['seenBy']

/** The one test that must turn red. */
interface SeenByTest {
  /** The kind of mistake, of the sixteen that people make in this field: `M1` to `M16`. */
  readonly kind: string
  readonly file: string
  readonly test: string
}

interface SeenByChecker {
  /** The scenario, or the corner of one, that finds the mistake with the shortest trace. */
  readonly scenario: string
  /** One of these is what the checker reports. */
  readonly reports: readonly string[]
}

interface SeenBySimulation {
  /** How the first violation is reported. */
  readonly reports: string
  /** A seed whose worlds show the mistake soon. */
  readonly seed: number
  /** A mistake of servers: a simulation of pages never comes to it. */
  readonly isFleet?: true
}

interface SeenByChaos {
  /** Another mistake that takes away the second line of defence, behind which this one would stay hidden. */
  readonly without?: string
  /** What else is put in, so that a short run meets the mistake. */
  readonly also?: readonly Patch[]
  /** The run that meets the mistake soon, where it is not the usual one. */
  readonly setting?: {
    readonly seconds?: number
    readonly logouts?: number
    readonly nemesis?: readonly Nuisance[]
  }
}
