import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Stryker } from '@stryker-mutator/core'
import { reportOf } from './reportOf.ts'
import { rooms } from './rooms.ts'

/** Beside what else may be deleted at any time: a run takes up what the last one knows of unchanged code and tests. */
export const KEPT = 'node_modules/.cache/mutation'

/**
 * Mutates a room, or one file of it, and prints what came of it. Resolves to whether every mutant of the room that was
 * tried so far was noticed by a test, or is explained.
 */
export async function mutateRoom(nameOrFile: string): Promise<boolean> {
  const found = Object.entries(rooms).find(
    ([name, { folder }]) => name === nameOrFile || nameOrFile.startsWith(folder),
  )
  if (!found) throw new Error(`No room: ${nameOrFile}. There are ${Object.keys(rooms).join(', ')}.`)
  const [name, { folder }] = found
  const incrementalFile = `${KEPT}/${name}.json`
  // For vitest.config.ts, which the processes of Stryker read.
  process.env.MUTATED_ROOM = name
  await new Stryker({
    mutate: nameOrFile === name ? [`${folder}*.ts`] : [nameOrFile],
    testRunner: 'vitest',
    plugins: [
      '@stryker-mutator/vitest-runner',
      './test/mutation/prose.ts',
      './test/mutation/mutantReporter.ts',
    ],
    ignorers: ['prose'],
    coverageAnalysis: 'perTest',
    concurrency: 2,
    // What the tests of a mutant may take longer than without it. One that never ends costs as much, and there are many.
    timeoutMS: 20_000,
    incremental: true,
    incrementalFile,
    tempDirName: join(tmpdir(), 'xstate-session-mutation'),
    ignorePatterns: ['/bench', '/coverage', '/dist', '/docs', '/examples/admin-panel'],
    reporters: ['mutants'],
    allowConsoleColors: false,
    warnings: false,
    // What the plugin adds to the options.
    ...{ vitest: { configFile: 'test/mutation/vitest.config.ts', related: false, pool: 'threads' } },
  }).runMutationTest()
  const { lines, isGood } = reportOf(name, incrementalFile)
  console.log(lines.join('\n'))
  return isGood
}
