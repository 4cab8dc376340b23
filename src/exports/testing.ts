/** What any store and any coordinator must do, as cases for any test runner. */

export type { ConformanceCase } from '../testing/conformanceCase.ts'
export {
  type CoordinatorConformanceOptions,
  type CoordinatorUnderTest,
  coordinatorConformance,
} from '../testing/coordinatorConformance.ts'
export {
  type EntryStoreConformanceOptions,
  type EntryStoreUnderTest,
  entryStoreConformance,
} from '../testing/entryStoreConformance.ts'
export {
  type SessionStoreConformanceOptions,
  type SessionStoreUnderTest,
  sessionStoreConformance,
} from '../testing/sessionStoreConformance.ts'
export {
  type RenewedTokens,
  type StrategyConformanceOptions,
  strategyConformance,
} from '../testing/strategyConformance.ts'
