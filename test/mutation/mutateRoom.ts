import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Stryker } from '@stryker-mutator/core'
import { mutantKey } from './places.ts'
import { type Report, reportOf } from './reportOf.ts'
import { type Room, rooms } from './rooms.ts'
import { type Sample, sampleOf } from './sampleOf.ts'

/** Beside what else may be deleted at any time: a run takes up what the last one knows of unchanged code and tests. */
const KEPT = 'node_modules/.cache/mutation'

/** The results of a room: those of its sample, if one was drawn after the last run of the whole room. */
export function keptResults(room: string): string | undefined {
  return [`${KEPT}/${room}.sample.json`, `${KEPT}/${room}.json`].find(existsSync)
}

export interface MutateOptions {
  /** Tries only so many mutants of the room, drawn at random. */
  readonly sample?: { readonly size: number; readonly seed: number } | undefined
  /** How many mutants run at the same time. */
  readonly workers: number
}

/**
 * Mutates a room, or one file of it, and prints the results. Resolves to whether the tests notice as many of the mutants
 * as the room asks for.
 */
export async function mutateRoom(nameOrFile: string, { sample, workers }: MutateOptions): Promise<boolean> {
  const found = Object.entries(rooms).find(
    ([name, room]) => name === nameOrFile || filesOf(room).includes(nameOrFile),
  )
  if (!found) throw new Error(`No room: ${nameOrFile}. There are ${Object.keys(rooms).join(', ')}.`)
  const [name, room] = found
  const isWhole = nameOrFile === name
  if (sample && !isWhole) throw new Error(`A sample is of a room, such as ${name}, not of ${nameOrFile}.`)
  const mutate = isWhole ? filesOf(room) : [nameOrFile]
  const results = `${KEPT}/${name}${sample ? '.sample' : ''}.json`
  const drawn = sample && (await sampleOf(mutate, sample.size, sample.seed))
  // For vitest.config.ts, which the processes of Stryker read.
  process.env.MUTATED_ROOM = name
  if (drawn) keepSample(name, drawn)
  await new Stryker({
    mutate: [...mutate],
    testRunner: 'vitest',
    plugins: [
      '@stryker-mutator/vitest-runner',
      './test/mutation/prose.ts',
      './test/mutation/sampleChecker.ts',
      './test/mutation/mutantReporter.ts',
    ],
    ignorers: ['prose'],
    checkers: drawn ? ['sample'] : [],
    coverageAnalysis: 'perTest',
    ignoreStatic: !room.isStaticToo,
    // Of a sample one process more only checks what was drawn.
    concurrency: drawn ? workers + 1 : workers,
    // What the tests of a mutant may take longer than without it. One that never ends costs as much, and there are many.
    timeoutMS: 20_000,
    // A machine that does other things at the same time is no fault of the tests.
    dryRunTimeoutMinutes: 20,
    incremental: true,
    incrementalFile: results,
    tempDirName: join(tmpdir(), 'xstate-session-mutation'),
    ignorePatterns: ['/bench', '/coverage', '/dist', '/docs', '/examples/admin-panel'],
    reporters: ['mutants'],
    // An ambient const enum, whose members no module can import.
    logLevel: 'warn' as never,
    allowConsoleColors: false,
    warnings: false,
    // What the plugin adds to the options.
    ...{ vitest: { configFile: 'test/mutation/vitest.config.ts', related: false, pool: 'threads' } },
  }).runMutationTest()
  if (drawn && sample) keepOnly(drawn, sample.seed, results)
  else if (isWhole) rmSync(`${KEPT}/${name}.sample.json`, { force: true })
  const { lines, noticed, tried } = reportOf(name, results)
  console.log(lines.join('\n'))
  return noticed >= (tried * room.least) / 100
}

const filesOf = ({ folder, except = [] }: Room) =>
  globSync(`${folder}**/*.ts`)
    .filter((file) => !except.includes(file))
    .sort()

/** For the checker, which is a process of its own. */
function keepSample(room: string, sample: Sample): void {
  mkdirSync(KEPT, { recursive: true })
  process.env.MUTATION_SAMPLE = `${process.cwd()}/${KEPT}/${room}.drawn.json`
  writeFileSync(process.env.MUTATION_SAMPLE, JSON.stringify(sample))
}

/** Forgets what was not drawn: the next run with a larger sample tries it. */
function keepOnly({ of, keys }: Sample, seed: number, results: string): void {
  const report = JSON.parse(readFileSync(results, 'utf8')) as Report
  const drawn = new Set(keys)
  const files = Object.entries(report.files).map(([name, { mutants, ...file }]) => {
    const isDrawn = ({ status, location, replacement = '' }: (typeof mutants)[number]) =>
      status !== 'CompileError' && drawn.has(mutantKey(name, location, replacement))
    return [name, { ...file, mutants: mutants.filter(isDrawn) }]
  })
  writeFileSync(
    results,
    JSON.stringify({ ...report, files: Object.fromEntries(files), sample: { of, seed } }),
  )
}
