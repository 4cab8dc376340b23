import { setTimeout as sleep } from 'node:timers/promises'
import { seenBy } from '../proof/mistakes/mistakes.ts'
import { startSteps } from '../runs/startSteps.ts'
import type { Nuisance } from './nemesis.ts'
import { type ChaosOptions, type Report, runChaos } from './runChaos.ts'

type Setting = Required<Pick<ChaosOptions, 'seed' | 'seconds' | 'sessions' | 'logouts'>> & {
  readonly nemesis?: readonly Nuisance[]
}

const USUAL: Setting = { seed: 1, seconds: 60, sessions: 150, logouts: 1 }
const TRIES = 4

/**
 * Runs every seeded bug until it is caught, and each of these settings once without a bug: the harness is worth
 * something only if it tells them apart. Answers whether it does.
 */
export async function accept(only: readonly string[], stop: AbortSignal): Promise<boolean> {
  const chosen = seenBy('chaos').filter(({ name }) => only.length === 0 || only.includes(name))
  const rows: string[][] = []
  let isWell = true
  const controls = new Map(
    chosen.map(({ seen }) => ({ ...USUAL, ...seen.setting })).map((setting) => keyed(setting)),
  )
  const names = [...chosen.map(({ name }) => name), ...controls.keys()]
  const steps = startSteps('chaos-accept', names, { unit: 'runs' })
  const tell = (...row: string[]) => {
    rows.push(row)
    steps.hide()
    console.log(row.join('  '))
  }
  for (const { name, seen } of chosen) {
    const setting = { ...USUAL, ...seen.setting }
    const [seed, caught] = await steps.take(name, () => tries(setting, name))
    isWell &&= caught !== undefined
    tell(name, seen.without ?? '', `${seed}`, caught ? told(caught) : 'NOT CAUGHT')
  }
  for (const [key, setting] of controls) {
    const report = await steps.take(key, () => runChaos({ ...setting, stop }))
    isWell &&= report.violations.length === 0
    tell(`none (${key})`, '', `${setting.seed}`, report.violations.length === 0 ? 'clean' : told(report))
  }
  steps.end()
  const head = ['bug', 'together with', 'seed', 'caught as']
  console.log(`\n${table([head, ...rows])}\n${isWell ? 'Accepted.' : 'NOT ACCEPTED.'}`)
  return isWell

  /** One seed after the other, until the bug is caught. */
  async function tries(setting: Setting, bug: string): Promise<[seed: number, caught: Report | undefined]> {
    for (let seed = setting.seed; ; seed++) {
      const report = await runChaos({ ...setting, seed, bug, untilCaught: true, stop })
      await sleep(500)
      if (report.violations.length > 0) return [seed, report]
      if (seed === setting.seed + TRIES - 1) return [seed, undefined]
    }
  }
}

const keyed = (setting: Setting): [string, Setting] => [
  `${setting.nemesis?.join(', ') ?? 'everything'}; ${setting.seconds} s`,
  setting,
]

function told({ violations }: Report): string {
  const kinds = Object.entries(Object.groupBy(violations, ({ kind }) => kind))
  const first = Math.min(...violations.map(({ at }) => at))
  return `${kinds.map(([kind, those]) => `${kind} ${those.length}`).join(', ')}; first after ${(first / 1_000).toFixed(0)} s`
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0))) ?? []
  return rows
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
