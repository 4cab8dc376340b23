/**
 * For Stryker: lets only the mutants of a sample run. Stryker has no option for it, so the others fail the check that
 * comes before the run.
 */
import { readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { counted, mutantKey, type Range } from './places.ts'
import type { Sample } from './sampleOf.ts'

interface Mutant {
  readonly id: string
  readonly fileName: string
  readonly location: Range
  readonly replacement: string
}

function sampleChecker() {
  const { keys } = JSON.parse(readFileSync(process.env.MUTATION_SAMPLE ?? '', 'utf8')) as Sample
  const drawn = new Set(keys)
  const isDrawn = ({ fileName, location, replacement }: Mutant) =>
    drawn.has(mutantKey(relative(process.cwd(), fileName), counted(location), replacement))
  return {
    async init() {},
    group: async (mutants: readonly Mutant[]) => (mutants.length > 0 ? [mutants.map(({ id }) => id)] : []),
    check: async (mutants: readonly Mutant[]) =>
      Object.fromEntries(
        mutants.map((mutant) => [
          mutant.id,
          isDrawn(mutant) ? { status: 'passed' } : { status: 'compileError', reason: 'not in the sample' },
        ]),
      ),
  }
}

export const strykerPlugins = [
  { kind: 'Checker', name: 'sample', factory: Object.assign(sampleChecker, { inject: [] }) },
]
