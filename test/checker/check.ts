import { keepRun } from '../runs/keepRun.ts'
import { startSteps } from '../runs/startSteps.ts'
import { explore, type Found, narrate, type Scenario } from './explore.ts'
import { type Covered, pageOf } from './pageOf.ts'
import { corners, scenarios } from './scenarios.ts'

export interface CheckOptions {
  /** @default all */
  readonly scenario?: string
  /** @default that of each scenario */
  readonly depth?: number
  readonly auditEvery?: number
  readonly ahead?: number
  /** Ends each scenario at its first violation. */
  readonly isEager: boolean
  /** Its page goes to `docs/runs`. @default false */
  readonly isPublished?: boolean
}

/** Explores, and tells what was found. Answers the exit code. */
export async function check({
  scenario,
  depth,
  auditEvery = 1,
  ahead = 1,
  isEager,
  isPublished = false,
}: CheckOptions): Promise<number> {
  const chosen = choose(scenario)
  const total = { states: 0, transitions: 0, merged: 0, audited: 0, violations: 0, unsound: 0 }
  const covered: Covered[] = []
  const steps = startSteps(
    'checker',
    chosen.map(({ name }) => name),
    { unit: 'scenarios' },
  )
  for (const each of chosen) {
    steps.hide()
    console.log(`${each.name}: ${each.about}`)
    console.log(`  bound: ${each.bound}`)
    const before = process.cpuUsage()
    const result = await steps.take(each.name, () =>
      explore(each, {
        depth: depth ?? each.depth,
        auditEvery: isEager ? 0 : auditEvery,
        ahead,
        isEager,
        onLevel: (level, states) => steps.note(`${each.name}, up to depth ${level}: ${states} states`),
      }),
    )
    steps.hide()
    const { user, system } = process.cpuUsage(before)
    const seconds = (user + system) / 1_000_000
    covered.push({ ...result, scenario: each, seconds })
    const whole = result.isExhausted ? ', nothing left' : ''
    console.log(
      `  depth ${result.depth}${whole}: ${result.states} states, ${result.transitions} transitions, ` +
        `${result.merged} merged (${result.audited} audited), ${seconds.toFixed(1)} s of CPU`,
    )
    for (const text of result.unsound.slice(0, 3)) console.log(`  MERGED WRONGLY\n${text}`)
    console.log(`  violations: ${result.found.length}`)
    for (const found of result.found) await tell(each, found)
    total.states += result.states
    total.transitions += result.transitions
    total.merged += result.merged
    total.audited += result.audited
    total.violations += result.found.length
    total.unsound += result.unsound.length
  }
  steps.end()
  // With a mistake put in it is no picture of the code.
  const asked = [
    ...(scenario === undefined ? [] : ['--scenario', scenario]),
    ...(depth === undefined ? [] : ['--depth', depth]),
  ]
  const given = asked.length > 0 ? ['--', ...asked] : []
  if (!isEager) keepRun('checker', pageOf(covered, ['npm run check:model', ...given].join(' ')), isPublished)
  console.log(
    `\n${chosen.length} scenarios, ${total.states} states, ${total.transitions} transitions, ` +
      `${total.merged} merged (${total.audited} audited), ${total.violations} violations, ${total.unsound} merged wrongly`,
  )
  return total.violations + total.unsound > 0 ? 1 : 0
}

async function tell(scenario: Scenario, { invariant, text, trace, way }: Found) {
  console.log(`  ${invariant}: ${text}`)
  console.log(`  after ${trace.length} choices, and no fewer: --scenario ${scenario.name} --way ${way}`)
  for (const line of await narrate(scenario, way)) console.log(`    ${line}`)
}

/** Takes ways again, step by step. */
export async function replay(
  ways: readonly { readonly scenario: string | undefined; readonly way: string }[],
): Promise<number> {
  for (const { scenario, way } of ways) {
    const [chosen] = choose(scenario)
    if (!chosen) return 2
    if (ways.length > 1) console.log(`${chosen.name}, ${way}:`)
    for (const line of await narrate(chosen, way)) console.log(line)
  }
  return 0
}

function choose(name: string | undefined): readonly Scenario[] {
  if (name === undefined) return scenarios
  const all = [...scenarios, ...corners]
  const chosen = all.filter((each) => each.name === name)
  if (chosen.length === 0) throw new Error(`Scenarios: ${all.map((each) => each.name).join(', ')}.`)
  return chosen
}
