import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Files that take much longer than their size says, the longest first. */
const long = [
  'testing/mockHandlers',
  'testing/bff',
  'testing/chartDriver',
  'testing/suite',
  'testing/together',
  'properties/',
  'redis/sessions',
  'testing/equivalence',
  'server/process/crash',
  'server/outage',
  'session/process',
]

/** A long file that starts last is waited for by all others. The rest come as Vitest sorts them: by size, in a fresh checkout. */
export class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const at = long.findIndex((part) => moduleId.includes(`/test/${part}`))
      return at === -1 ? long.length : at
    }
    return (await super.sort(files)).toSorted((a, b) => rank(a) - rank(b))
  }
}
