import { ANSWERED, FAILED } from '../proof/judge/invariants/causes.ts'
import { commandOf, type Shrunk } from './shrink.ts'
import type { Totals } from './totals.ts'
import { clockText } from './trace.ts'

const line = (name: string, value: unknown) => console.log(`${name.padEnd(44)} ${value}`)

const sumOf = (rows: Readonly<Record<string, number>>) =>
  Object.values(rows).reduce((sum, count) => sum + count, 0)

function table(title: string, rows: Readonly<Record<string, number>>): void {
  console.log(`\n${title}`)
  for (const [name, count] of Object.entries(rows).sort((a, b) => b[1] - a[1])) line(`  ${name}`, count)
}

/** What I14 excuses with nothing but a fault of its process or store since the login. */
const unkept = (lost: Readonly<Record<string, number>>) =>
  Object.fromEntries(Object.entries(lost).filter(([cause]) => cause.startsWith(FAILED)))

/** What a run came to. */
export function printTotals(
  { worlds, counts, injected, lost, violations, found }: Totals,
  digest: string,
  tookMs: number,
) {
  line('worlds', worlds)
  line('session-hours simulated', Math.round(counts.sessionHours ?? 0))
  line('refreshes sent', counts.refreshes)
  line('renewed and delivered', counts.renewed)
  line('calls of the API', counts.calls)
  line('faults injected', sumOf(injected))
  line('sessions lost', sumOf(lost))
  line('  of these after a fault of process or store', sumOf(unkept(lost)))
  line('  of these by REFRESH_FAILED, as in an outage', lost[ANSWERED] ?? 0)
  table('Faults injected, by kind:', injected)
  table('Sessions lost, by cause:', lost)
  console.log('')
  line('wall time, s', (tookMs / 1_000).toFixed(1))
  line('CPU time, s', (process.cpuUsage().user / 1e6).toFixed(1))
  line('session time to real time', Math.round(((counts.sessionHours ?? 0) * 3_600_000) / tookMs))
  line('trace (SHA-256)', digest)
  for (const { seed, violation } of found)
    console.log(
      `\n${violation.invariant} in world ${seed} at ${clockText(violation.at)}, session ${violation.seat}: ${violation.text}`,
    )
  line('\nViolations:', violations)
}

/** The smallest world that shows it, and the story of the session concerned. */
export function printShrunk({ options, result, runs }: Shrunk, bug: string | undefined): void {
  const [violation] = result.violations
  if (!violation) return
  const { invariant, seat, text, evidence } = violation
  console.log(
    `\nShrunk in ${runs} runs to ${options.hours} hours, ${options.onlySessions?.length ?? options.sessions} sessions and ${result.faults.length} faults:`,
  )
  console.log(`  ${commandOf(options, bug)}`)
  console.log(`\n${invariant}, session ${seat}: ${text}`)
  for (const one of evidence.slice(-60)) console.log(`    ${clockText(one.at)} ${one.text}`)
}
