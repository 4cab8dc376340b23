import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'
import { alias, patience, root } from '../vitest.config.ts'
import { rooms } from './rooms.ts'

const { tests = [] } = rooms[process.env.MUTATED_ROOM ?? ''] ?? {}

/** The first red test ends the run of a mutant: quick files come first, as the room lists them. */
class AsListed extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => tests.findIndex((test) => moduleId.endsWith(`/${test}`))
    return files.toSorted((a, b) => rank(a) - rank(b))
  }
}

export default defineConfig({
  root,
  resolve: { alias },
  test: {
    include: [...tests],
    expect: patience,
    setupFiles: [`${root}test/mutation/setup.ts`],
    env: { PROPERTY_RUNS: '0.05' },
    sequence: { sequencer: AsListed },
    pool: 'threads',
    // What is made as a module loads, such as the chart, is made anew for each mutant.
    isolate: true,
    fsModuleCache: false,
    // Stryker has its own.
    testTimeout: 600_000,
    reporters: [{}],
  },
})
