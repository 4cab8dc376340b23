import { optionsOf } from '../base/optionsOf.ts'
import type { Coordinator, FlightIdentity } from '../coordination/coordinator.ts'
import type { ConformanceCase } from './conformanceCase.ts'
import { coordinatorCases } from './coordinatorCases.ts'
import { ledgerCases } from './ledgerCases.ts'

/** The coordinator of one case. */
export interface CoordinatorUnderTest {
  /** The coordinator. */
  readonly coordinator: Coordinator
  /**
   * A second handle on the same flights, as another process or tab has it. If there is only one handle, the cases about
   * two of them pass.
   * @default `coordinator`
   */
  readonly other?: Coordinator
  /** Moves the clocks of both handles, and of what they share, by minutes or hours; milliseconds. */
  advance(ms: number): void | Promise<void>
  /**
   * Only for a coordinator whose ledger is the record of the session. Writes down what the session of `identity` holds
   * from now on, as its login and each of its renewals do. A late caller whose token was renewed then only learns that it
   * must not send. It does not get the new tokens, because the record has them.
   */
  record?(identity: FlightIdentity): Promise<void>
  /** Called after the case, even if the case failed. */
  close?(): void | Promise<void>
}

/** Makes coordinators for the cases. */
export interface CoordinatorConformanceOptions {
  /** Makes a coordinator that knows of no flight yet. Called once for each case. */
  create(): Promise<CoordinatorUnderTest>
}

/**
 * The contract of a `Coordinator` as a list of cases for any test runner. Use it if you write a coordinator.
 *
 * @example
 * for (const { name, run } of coordinatorConformance({ create: async () => ({ coordinator, advance }) }))
 *   test(name, run)
 */
export function coordinatorConformance(options: CoordinatorConformanceOptions): readonly ConformanceCase[] {
  const { create } = optionsOf('coordinatorConformance', options)
  return Object.entries({ ...coordinatorCases, ...ledgerCases }).map(([name, check]) => ({
    name,
    async run() {
      const { coordinator, other = coordinator, advance, record, close = () => {} } = await create()
      const isRecorded = record !== undefined
      try {
        await check({ coordinator, other, advance, isRecorded, record: record ?? (async () => {}) })
      } finally {
        await close()
      }
    },
  }))
}
