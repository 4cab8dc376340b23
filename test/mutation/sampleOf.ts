import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { Instrumenter } from '@stryker-mutator/instrumenter'
import { counted, mutantKey, textAt } from './places.ts'
import { prose } from './prose.ts'

export interface Sample {
  /** The number of all mutants. */
  readonly of: number
  /** The keys of those that were drawn. */
  readonly keys: readonly string[]
}

/**
 * Draws mutants of these files at random. The same seed draws the same mutants, and a larger sample contains the smaller
 * one. A mutant keeps its rank when lines move, so a change of the code changes little of the sample.
 */
export async function sampleOf(files: readonly string[], size: number, seed: number): Promise<Sample> {
  const sources = new Map(files.map((name) => [name, readFileSync(name, 'utf8')]))
  const quiet = { debug() {}, info() {}, isDebugEnabled: () => false }
  const { mutants } = await new Instrumenter(quiet as never).instrument(
    [...sources].map(([name, content]) => ({ name, content, mutate: true })),
    { ignorers: [prose as never], excludedMutations: [], plugins: null, noHeader: false },
  )
  const times = new Map<string, number>()
  const ranked = mutants
    .filter(({ status }) => status !== 'Ignored')
    .map(({ fileName, location, replacement }) => {
      const range = counted(location)
      const what = [fileName, textAt(sources.get(fileName) ?? '', range), replacement].join('\n')
      const time = times.get(what) ?? 0
      times.set(what, time + 1)
      const rank = createHash('sha256').update(`${seed}\n${time}\n${what}`).digest('hex')
      return { rank, key: mutantKey(fileName, range, replacement) }
    })
    .sort((a, b) => (a.rank < b.rank ? -1 : 1))
  return { of: ranked.length, keys: ranked.slice(0, size).map(({ key }) => key) }
}
