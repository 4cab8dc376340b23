import { optionsOf } from '../base/optionsOf.ts'
import type { Coordinator, FlightIdentity } from '../coordination/coordinator.ts'
import type { ConformanceCase } from './conformanceCase.ts'
import { coordinatorCases } from './coordinatorCases.ts'
import { ledgerCases } from './ledgerCases.ts'

/** A coordinator, as the cases need it. */
export interface CoordinatorUnderTest {
  /** The coordinator. */
  readonly coordinator: Coordinator
  /**
   * A second handle on the same flights, as another process or tab has it. Cases about two of them pass where there is
   * but one.
   * @default `coordinator`
   */
  readonly other?: Coordinator
  /** Moves the clocks of both handles, and of what they share, by so many milliseconds: minutes and hours. */
  advance(ms: number): void | Promise<void>
  /**
   * Only for a coordinator whose ledger is the record of the session: writes down what the session of `identity` holds
   * from now on, as its login and each of its renewals do. Who comes late with a token that was renewed is then not
   * told what the renewal brought, for the record says so: it is only kept from sending.
   */
  record?(identity: FlightIdentity): Promise<void>
  /** Called after its case, also where that failed. */
  close?(): void | Promise<void>
}

/** How the cases get a coordinator. */
export interface CoordinatorConformanceOptions {
  /** A coordinator that knows of no flight yet; called once for each case. */
  create(): Promise<CoordinatorUnderTest>
}

/**
 * What a `Coordinator` must do, for whoever writes one: a list of cases for any test runner.
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
