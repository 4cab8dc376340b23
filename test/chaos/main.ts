import { parseArgs } from 'node:util'
import { bugs } from './bugs.ts'
import { runChaos } from './runChaos.ts'

const usage = `npm run chaos -- [--seed 1] [--seconds 600] [--sessions 150] [--logouts 1] [--bug name]
Bugs: ${Object.keys(bugs).join(', ')}.`

function read() {
  try {
    const { values } = parseArgs({
      options: {
        seed: { type: 'string' },
        seconds: { type: 'string' },
        sessions: { type: 'string' },
        logouts: { type: 'string' },
        bug: { type: 'string' },
      },
    })
    const { seed = Date.now() % 100_000, seconds = 600, sessions = 150, logouts = 1, bug } = values
    const numbers = {
      seed: Number(seed),
      seconds: Number(seconds),
      sessions: Number(sessions),
      logouts: Number(logouts),
    }
    const isKnown = bug === undefined || Object.hasOwn(bugs, bug)
    if (isKnown && Object.values(numbers).every((value) => Number.isInteger(value) && value >= 0))
      return { ...numbers, bug }
  } catch {
    // Told below.
  }
  console.error(usage)
  process.exit(2)
}

const options = read()
const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())
console.log(`Seed ${options.seed}: three processes, ${options.sessions} clients, ${options.seconds} s.`)

const verdict = await runChaos({
  ...options,
  stop: stop.signal,
  onPlan(planned) {
    for (const { at, what, forMs, process: i } of planned)
      console.log(
        `  ${(at / 1000).toFixed(1).padStart(6)} s  ${what}${i === undefined ? '' : ` process ${i}`}, ${forMs} ms`,
      )
  },
}).catch((error: unknown) => {
  if (!stop.signal.aborted) throw error
  console.log('Stopped.')
  process.exit(130)
})
const { counts, losses, violations } = verdict
console.log('')
for (const [name, count] of Object.entries(counts)) console.log(`${name.padEnd(34)} ${count}`)
console.log('\nSessions lost, by cause:')
for (const [cause, count] of Object.entries(losses)) console.log(`  ${cause.padEnd(50)} ${count}`)
if (Object.keys(losses).length === 0) console.log('  none')
console.log(`\nViolations: ${violations.length}`)
for (const { kind, at, session, text, evidence } of violations.slice(0, 50)) {
  console.log(`  ${kind} at ${(at / 1_000).toFixed(2)} s, session ${session}: ${text}`)
  for (const line of evidence) console.log(`    ${line}`)
}
process.exitCode = violations.length > 0 ? 1 : 0
