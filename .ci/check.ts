/**
 * Everything that must hold before a change is shared, one step after the other. Those of an inner list keep one core
 * busy each, or wait: there are as many of them at once as cores, those that take longest first. A step that fails does
 * not hide the next. The last line adds up all tests; a step without tests of its own counts as one.
 */
import { spawn } from 'node:child_process'
import { availableParallelism } from 'node:os'
import manifest from '../package.json' with { type: 'json' }

const scripts: Record<string, string> = manifest.scripts
const build = 'npm run build'

const steps: readonly (string | readonly string[])[] = [
  ['lint', 'test:types', 'docs:check', 'check:package'],
  'test',
  [
    // They wait for the registry and for renewals, and leave the core to others meanwhile.
    'recipes -- nextjs vite hono express react-admin',
    'check:model',
    'test:proof',
    'simulate -- --seed 1 --hours 50000',
    'simulate -- --seed 1 --hours 10000 --fleet',
    'mutate -- --seeded',
    'test:oldest',
    'test:package',
    'demo -- --once',
    'server -- --once',
    'check:unused',
    'size',
  ],
  'test:browser',
  // Their processes are killed and stopped by the clock: nothing else is to slow them down.
  'cluster -- --once',
  'chaos -- --seed 50 --seconds 25 --sessions 60',
]

/** So many of the last lines of a failed step are shown once more, where the summary is read. */
const LAST_LINES = 40

const total = { passed: 0, failed: 0, skipped: 0 }
const summary: string[] = []
const failures: string[] = []
let isBuilt = false

for (const step of steps) {
  const group = typeof step === 'string' ? [step] : step
  for (const { name, code, output, shown, seconds } of await runAll(group)) {
    if (scripts[name] === build) isBuilt = code === 0
    const count = lastCount(output) ?? { passed: code === 0 ? 1 : 0, failed: 0, skipped: 0 }
    // A step may fail beside its tests: a broken build, an unhandled error.
    if (code !== 0 && count.failed === 0) count.failed = 1
    total.passed += count.passed
    total.failed += count.failed
    total.skipped += count.skipped
    if (count.failed > 0)
      failures.push(
        `\n=== ${name}, its last lines\n${shown.trimEnd().split('\n').slice(-LAST_LINES).join('\n')}`,
      )
    summary.push(`${count.failed === 0 ? 'ok    ' : 'FAILED'} ${name} (${seconds.toFixed(1)} s)`)
  }
}

for (const failure of failures) console.log(failure)
console.log(`\n${summary.join('\n')}\n`)
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`)
process.exitCode = total.failed === 0 ? 0 : 1

interface Ended {
  readonly name: string
  readonly code: number
  /** What it printed to its standard output. */
  readonly output: string
  /** That, and what it printed to its standard error. */
  readonly shown: string
  readonly seconds: number
}

/** As many at once as there are cores. */
async function runAll(group: readonly string[]): Promise<Ended[]> {
  const waiting = group.values()
  const ended: Ended[] = []
  const lane = async () => {
    for (const name of waiting) ended.push(await run(name, group.length === 1))
  }
  await Promise.all(Array.from({ length: Math.max(2, availableParallelism()) }, lane))
  return ended
}

/** Shows what the step prints: as it comes, if it is alone, else when it has ended. */
function run(name: string, isAlone: boolean): Promise<Ended> {
  const title = `\n=== npm run ${name}\n`
  const startedAt = performance.now()
  const child = spawn('npm', isBuilt ? onBuilt(name) : ['run', '--silent', ...name.split(' ')], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: '1' },
  })
  let output = ''
  let shown = title
  if (isAlone) process.stdout.write(title)
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk
    shown += chunk
    if (isAlone) process.stdout.write(chunk)
  })
  child.stderr.on('data', (chunk: Buffer) => {
    shown += chunk
    if (isAlone) process.stderr.write(chunk)
  })
  return new Promise((resolve) => {
    child.on('close', (code) => {
      if (!isAlone) process.stdout.write(shown)
      resolve({ name, code: code ?? 1, output, shown, seconds: (performance.now() - startedAt) / 1000 })
    })
  })
}

/** What runs `step` on the build that there is. No step changes a source, so one build serves all. */
function onBuilt(step: string): string[] {
  const [name = '', ...flags] = step.split(/ (?:-- )?/)
  const command = [scripts[name], ...flags].join(' ')
  const prefix = `${build} && `
  return ['exec', '--call', command.startsWith(prefix) ? command.slice(prefix.length) : command]
}

/** The closing line of test/closingLine.ts. */
function lastCount(output: string) {
  const [, passed, failed, skipped] =
    /(\d+) passed, (\d+) failed, (\d+) skipped\s*$/.exec(output.trimEnd()) ?? []
  return passed === undefined
    ? undefined
    : { passed: Number(passed), failed: Number(failed), skipped: Number(skipped) }
}
