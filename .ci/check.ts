/**
 * Everything that must hold before a change is shared, one step after the other. A step that fails does not
 * hide the next. The last line adds up all tests; a step without tests of its own counts as one.
 */
import { spawn } from 'node:child_process'
import manifest from '../package.json' with { type: 'json' }

const scripts: Record<string, string> = manifest.scripts
const build = 'npm run build'

const steps = [
  'lint',
  'test:types',
  'docs:check',
  'test',
  'check:model',
  'check:package',
  'check:unused',
  'test:package',
  'test:browser',
  'size',
  'demo -- --once',
  'server -- --once',
  'cluster -- --once',
  'chaos -- --seed 50 --seconds 25 --sessions 60',
  'mutate -- --seeded',
]

const total = { passed: 0, failed: 0, skipped: 0 }
const summary: string[] = []
let isBuilt = false

for (const step of steps) {
  console.log(`\n=== npm run ${step}`)
  const startedAt = performance.now()
  const { code, output } = await run(step)
  if (scripts[step] === build) isBuilt = code === 0
  const count = lastCount(output) ?? { passed: code === 0 ? 1 : 0, failed: 0, skipped: 0 }
  // A step may fail beside its tests: a broken build, an unhandled error.
  if (code !== 0 && count.failed === 0) count.failed = 1
  total.passed += count.passed
  total.failed += count.failed
  total.skipped += count.skipped
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
  summary.push(`${count.failed === 0 ? 'ok    ' : 'FAILED'} ${step} (${seconds} s)`)
}

console.log(`\n${summary.join('\n')}\n`)
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`)
process.exitCode = total.failed === 0 ? 0 : 1

function run(step: string): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    const child = spawn('npm', isBuilt ? onBuilt(step) : ['run', '--silent', ...step.split(' ')], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, NO_COLOR: '1' },
    })
    let output = ''
    child.stdout.on('data', (chunk: Buffer) => {
      process.stdout.write(chunk)
      output += chunk.toString()
    })
    child.on('close', (code) => resolve({ code: code ?? 1, output }))
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
