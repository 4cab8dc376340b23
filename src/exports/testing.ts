export type { ConformanceCase } from '../testing/conformanceCase.ts'
export {
  type EntryStoreConformanceOptions,
  type EntryStoreUnderTest,
  entryStoreConformance,
} from '../testing/entryStoreConformance.ts'
