import { createHash } from 'node:crypto'
import { parseArgs } from 'node:util'
import { runWorld } from './runWorld.ts'
import { addWorld, noTotals, type Totals } from './totals.ts'
import { clockText } from './trace.ts'

const usage = 'npm run simulate -- [--seed 1] [--hours 1000] [--sessions 20]'
const WORLD_HOURS = 48

function read() {
  try {
    const { values } = parseArgs({
      options: { seed: { type: 'string' }, hours: { type: 'string' }, sessions: { type: 'string' } },
    })
    const numbers = {
      seed: Number(values.seed ?? 1),
      hours: Number(values.hours ?? 1_000),
      sessions: Number(values.sessions ?? 20),
    }
    if (Object.values(numbers).every((value) => value >= 0)) return numbers
  } catch {
    // Told below.
  }
  console.error(usage)
  process.exit(2)
}

const { seed, hours, sessions } = read()
const startedAt = performance.now()
const totals = noTotals()
const hash = createHash('sha256')
for (let next = seed * 1_000_000; (totals.counts.sessionHours ?? 0) < hours; next++) {
  const world = await runWorld({ seed: next, hours: WORLD_HOURS, sessions })
  addWorld(totals, next, world)
  hash.update(world.hash)
}
print(totals, hash.digest('hex'), performance.now() - startedAt)
process.exitCode = totals.violations > 0 ? 1 : 0

function print(
  { worlds, counts, injected, lost, violations, found }: Totals,
  digest: string,
  tookMs: number,
) {
  const simulatedMs = (counts.sessionHours ?? 0) * 3_600_000
  const line = (name: string, value: unknown) => console.log(`${name.padEnd(34)} ${value}`)
  const table = (title: string, rows: Readonly<Record<string, number>>) => {
    console.log(`\n${title}`)
    for (const [name, count] of Object.entries(rows).sort((a, b) => b[1] - a[1])) line(`  ${name}`, count)
  }
  line('worlds', worlds)
  line('session-hours simulated', Math.round(counts.sessionHours ?? 0))
  line('refreshes sent', counts.refreshes)
  line('renewed and delivered', counts.renewed)
  line('calls of the API', counts.calls)
  table('Faults injected, by kind:', injected)
  table('Sessions lost, by cause:', lost)
  console.log('')
  line('wall time, s', (tookMs / 1_000).toFixed(1))
  line('simulated to real time', Math.round(simulatedMs / tookMs))
  line('trace (SHA-256)', digest)
  console.log(`\nViolations: ${violations}`)
  for (const { seed: world, violation } of found) {
    const { invariant, at, seat, text, evidence } = violation
    console.log(`\n${invariant} in world ${world} at ${clockText(at)}, session ${seat}: ${text}`)
    for (const one of evidence.slice(-40)) console.log(`    ${clockText(one.at)} ${one.text}`)
  }
}
