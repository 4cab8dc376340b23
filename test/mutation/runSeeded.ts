import { createVitest, type TestCase } from 'vitest/node'
import { type Bug, bugs } from './bugs.ts'
import { CONTROL } from './seeded.config.ts'

/**
 * Runs, for each seeded bug, the one test that must catch it, on sources that have the bug; and all of these tests on
 * sources that have none. Prints a table. Resolves to whether every bug was caught.
 *
 * @param kinds Only these: `M1`, `M12`. Default: all.
 */
export async function runSeeded(kinds: readonly string[]): Promise<boolean> {
  const known = new Map(bugs.map((bug) => [bug, bug.name.split(' ')[0] as string]))
  const unknown = kinds.filter((kind) => ![...known.values()].includes(kind))
  if (unknown.length > 0)
    throw new Error(`No seeded bug: ${unknown.join()}. There are ${[...new Set(known.values())].join(', ')}.`)
  const chosen = bugs.filter((bug) => kinds.length === 0 || kinds.includes(known.get(bug) as string))
  const tests = await results(chosen)
  let caught = 0
  for (const bug of chosen) {
    const verdict = judge(bug, tests)
    if (verdict.startsWith('caught')) caught++
    console.log(`${bug.name.padEnd(14)} ${verdict}  ${bug.mistake}`)
    console.log(`${' '.repeat(15)}${bug.caughtBy.file} > ${bug.caughtBy.test}`)
  }
  console.log(`\n${caught} of ${chosen.length} seeded bugs caught`)
  return caught === chosen.length && caught > 0
}

async function results(chosen: readonly Bug[]): Promise<TestCase[]> {
  const vitest = await createVitest('test', {
    config: 'test/mutation/seeded.config.ts',
    project: [CONTROL, ...chosen.map(({ name }) => name)],
    watch: false,
    reporters: [{}],
    maxWorkers: 2,
  })
  try {
    for (const project of vitest.projects)
      project.config.testNamePattern = patternOf(
        chosen.filter(({ name }) => project.name === CONTROL || project.name === name),
      )
    await vitest.start()
    return vitest.state.getTestModules().flatMap((module) => {
      const errors = module.errors().map(({ message }) => message)
      // A bug that cannot even be loaded is caught by nobody.
      if (errors.length > 0) throw new Error(`${module.project.name}: ${errors.join()}`)
      return [...module.children.allTests()]
    })
  } finally {
    await vitest.close()
  }
}

function patternOf(chosen: readonly Bug[]): RegExp {
  const names = chosen.map(({ caughtBy }) => caughtBy.test.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`(${names.join('|')})$`)
}

function judge({ name, caughtBy }: Bug, tests: readonly TestCase[]): string {
  const inProject = (project: string) =>
    tests.find(
      (test) =>
        test.project.name === project &&
        test.module.relativeModuleId === caughtBy.file &&
        test.name === caughtBy.test,
    )
  const [control, seeded] = [inProject(CONTROL), inProject(name)]
  if (!control || !seeded) return 'NO SUCH TEST'
  if (control.result().state !== 'passed') return 'RED WITHOUT THE BUG'
  const [error] = seeded.result().errors ?? []
  // A test that does not end has judged nothing.
  const isCaught = error !== undefined && !/timed out in/.test(error.message)
  return `${isCaught ? 'caught' : 'SURVIVED'} ${String(Math.round(seeded.diagnostic()?.duration ?? 0)).padStart(6)} ms`
}
