/**
 * P1 to P5, P8 to P12, P14, P15, P17 and DPoP: what the session costs, beside its neighbours in the same run.
 *
 *   node bench/main.ts [P1 …] [--peers] [--json FILE] [--publish]
 *
 * `--peers` alone is P14, the proxy, beside Apache with mod_auth_openidc, oauth2-proxy and undici, too.
 * `--publish`: the page to look at goes to `docs/runs`.
 * Ratios and differences inside one run, medians with their range; a machine's absolute times mean nothing.
 * Exits with 1 where a count is wrong, never for a time.
 */
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { keepRun } from '../test/runs/keepRun.ts'
import { startSteps } from '../test/runs/startSteps.ts'
import { dpop } from './goals/dpop.ts'
import { p1 } from './goals/p1.ts'
import { p2 } from './goals/p2.ts'
import { p3 } from './goals/p3.ts'
import { p4 } from './goals/p4.ts'
import { p5 } from './goals/p5.ts'
import { p8 } from './goals/p8.ts'
import { p9 } from './goals/p9.ts'
import { p10 } from './goals/p10.ts'
import { p11 } from './goals/p11.ts'
import { p12 } from './goals/p12.ts'
import { p14 } from './goals/p14.ts'
import { p15 } from './goals/p15.ts'
import { p17 } from './goals/p17.ts'
import { pageOf } from './lib/pageOf.ts'
import { isMet, print, type Report } from './lib/report.ts'

const { values, positionals } = parseArgs({
  options: {
    json: { type: 'string' },
    peers: { type: 'boolean', default: false },
    publish: { type: 'boolean', default: false },
  },
  allowPositionals: true,
})

const goals: Record<string, () => Promise<Report>> = {
  P1: p1,
  P2: p2,
  P3: p3,
  P4: p4,
  P5: p5,
  P8: p8,
  P9: p9,
  P10: p10,
  P11: p11,
  P12: p12,
  P14: () => p14(values.peers),
  P15: p15,
  P17: p17,
  dpop,
}

const chosen = positionals.length ? positionals : values.peers ? ['P14'] : Object.keys(goals)
const unknown = chosen.filter((id) => !Object.hasOwn(goals, id))
if (unknown.length)
  throw new Error(`Unknown: ${unknown.join(', ')}. There are ${Object.keys(goals).join(', ')}.`)

const reports: Report[] = []
const steps = startSteps('bench', chosen, { unit: 'goals' })
for (const id of chosen) {
  const report = await steps.take(id, () => goals[id]?.())
  steps.hide()
  if (!report) continue
  print(report)
  reports.push(report)
}

steps.end()

const rows = reports.flatMap(({ rows }) => rows).filter(({ goal }) => goal !== undefined)
const missed = rows.filter((row) => !isMet(row)).length
const wrong = reports.flatMap(({ faults }) => faults).length
console.log(
  `\n${rows.length - missed} of ${rows.length} goals met${wrong ? `, ${wrong} counts WRONG` : ', all counts right'}`,
)
const words = [...positionals, ...(values.peers ? ['--peers'] : [])].join(' ')
keepRun('benchmarks', pageOf(reports, `npm run bench${words && ` -- ${words}`}`), values.publish)
if (values.json)
  writeFileSync(
    values.json,
    `${JSON.stringify(
      {
        node: process.version,
        reports: reports.map((r) => ({ ...r, rows: r.rows.map((row) => ({ ...row, met: isMet(row) })) })),
      },
      null,
      2,
    )}\n`,
  )
process.exitCode = wrong ? 1 : 0
