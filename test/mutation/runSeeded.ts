import { createVitest, type TestCase } from 'vitest/node'
import { seenBy } from '../proof/mistakes/mistakes.ts'
import { keepRun } from '../runs/keepRun.ts'
import { startProgress } from '../runs/startProgress.ts'
import { CONTROL } from './seeded.config.ts'

const bugs = seenBy('tests')
type Bug = (typeof bugs)[number]

/**
 * Runs, for each seeded bug, the one test that must catch it, on sources that have the bug; and all of these tests on
 * sources that have none. Prints a table. Resolves to whether every bug was caught.
 *
 * @param wanted Only these: a kind such as `M12`, or a name. Default: all.
 * @param isPublished The page to look at goes to `docs/runs`.
 */
export async function runSeeded(wanted: readonly string[], isPublished: boolean): Promise<boolean> {
  const isWanted = ({ name, seen }: Bug) => wanted.includes(name) || wanted.includes(seen.kind)
  const all = [...new Set(bugs.flatMap(({ name, seen }) => [seen.kind, name]))]
  const unknown = wanted.filter((one) => !all.includes(one))
  if (unknown.length > 0) throw new Error(`No seeded bug: ${unknown.join()}. There are ${all.join(', ')}.`)
  const chosen = bugs.filter((bug) => wanted.length === 0 || isWanted(bug))
  const tests = await results(chosen)
  const verdicts: [Bug, string][] = []
  let caught = 0
  for (const bug of chosen) {
    const verdict = judge(bug, tests)
    if (verdict.startsWith('caught')) caught++
    verdicts.push([bug, verdict])
    console.log(`${bug.seen.kind.padEnd(4)} ${bug.name.padEnd(28)} ${verdict}  ${bug.about}`)
    console.log(`${' '.repeat(34)}${bug.seen.file} > ${bug.seen.test}`)
  }
  const command = ['npm run mutate -- --seeded', ...wanted].join(' ')
  keepRun(
    'seeded-bugs',
    {
      title: `Seeded bugs: ${caught} of ${chosen.length} caught`,
      about:
        'Mistakes that people make in this field are put into the sources, one after the other. The test that must catch each has to turn red with it, and is green without it.',
      command,
      facts: {
        'seeded bugs': chosen.length,
        caught,
        kinds: new Set(chosen.map(({ seen }) => seen.kind)).size,
      },
      sections: [
        {
          title: 'Each bug, and what catches it',
          figures: [
            {
              kind: 'table',
              head: ['kind', 'bug', 'verdict', 'the mistake', 'caught by'],
              rows: verdicts.map(([{ name, about, seen }, verdict]) => [
                seen.kind,
                name,
                { text: verdict, tone: verdict.startsWith('caught') ? 'good' : 'bad' },
                about,
                `${seen.file}: ${seen.test}`,
              ]),
            },
          ],
        },
      ],
    },
    isPublished,
  )
  console.log(`\n${caught} of ${chosen.length} seeded bugs caught`)
  return caught === chosen.length && caught > 0
}

async function results(chosen: readonly Bug[]): Promise<TestCase[]> {
  // Each test with its bug, and once without any.
  const controls = new Set(chosen.map(({ seen }) => `${seen.file} ${seen.test}`))
  const total = chosen.length + controls.size
  const progress = startProgress({ unit: 'tests', total })
  let done = 0
  const vitest = await createVitest('test', {
    config: 'test/mutation/seeded.config.ts',
    project: [CONTROL, ...chosen.map(({ name }) => name)],
    watch: false,
    reporters: [
      {
        onTestCaseResult(test) {
          if (test.result().state !== 'skipped') progress.at(Math.min(++done, total), test.project.name)
        },
      },
    ],
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
    progress.end()
    await vitest.close()
  }
}

function patternOf(chosen: readonly Bug[]): RegExp {
  const names = chosen.map(({ seen }) => seen.test.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`(${names.join('|')})$`)
}

function judge({ name, seen }: Bug, tests: readonly TestCase[]): string {
  const inProject = (project: string) =>
    tests.find(
      (test) =>
        test.project.name === project &&
        test.module.relativeModuleId === seen.file &&
        test.name === seen.test,
    )
  const [control, seeded] = [inProject(CONTROL), inProject(name)]
  if (!control || !seeded) return 'NO SUCH TEST'
  if (control.result().state !== 'passed') return 'RED WITHOUT THE BUG'
  const [error] = seeded.result().errors ?? []
  // A test that does not end has judged nothing.
  const isCaught = error !== undefined && !/timed out in/.test(error.message)
  return `${isCaught ? 'caught' : 'SURVIVED'} ${String(Math.round(seeded.diagnostic()?.duration ?? 0)).padStart(6)} ms`
}
