import { interleave } from '../lib/interleave.ts'
import { LIFE_MS, panel } from '../lib/panel.ts'
import type { Report } from '../lib/report.ts'
import { ratio, spreadOf } from '../lib/spread.ts'

const CALLS = 500
const FEW = 10_000
const MANY = 100_000

/** Sessions of one server, and what a call of each costs in CPU, microseconds. */
async function crowd(size: number) {
  const { login, pass, call } = panel()
  const cookies: string[] = []
  for (let n = 0; n < size; n++) cookies.push(await login())
  let next = 0
  let failed = 0
  async function cpuEach(chosen: readonly string[]) {
    const before = process.cpuUsage()
    for (const cookie of chosen) if ((await call(cookie)) !== 200) failed++
    const { user, system } = process.cpuUsage(before)
    return (user + system) / chosen.length
  }
  return {
    failed: () => failed,
    /** A call that refreshes first, less one that does not. */
    async refresh() {
      const chosen = Array.from({ length: CALLS }, () => cookies[next++ % size] as string)
      pass(LIFE_MS)
      const withRefresh = await cpuEach(chosen)
      return withRefresh - (await cpuEach(chosen))
    },
  }
}

/** P9: what a refresh on a server costs it. */
export async function p9(): Promise<Report> {
  const [few, many] = [await crowd(FEW), await crowd(MANY)]
  const samples = await interleave(
    [
      { name: 'few', sample: few.refresh },
      { name: 'few again', sample: few.refresh },
      { name: 'many', sample: many.refresh },
    ],
    { warmups: 2, rounds: 15, limitMs: 60_000 },
  )
  const comparison = { samples, block: 5 }
  const who = 'xstate-session, memory store'
  const failed = few.failed() + many.failed()
  return {
    id: 'P9',
    title: 'CPU of a refresh on a server, the call around it taken off',
    rows: [
      { what: `${FEW} sessions`, who, spread: spreadOf(samples.get('few') ?? []), unit: 'micros', goal: 120 },
      { what: `${MANY} sessions`, who, spread: spreadOf(samples.get('many') ?? []), unit: 'micros' },
      {
        what: `${MANY} over ${FEW}`,
        who,
        spread: ratio(comparison, 'many', 'few'),
        unit: 'times',
        goal: 1.5,
      },
      {
        what: `${FEW} over ${FEW}`,
        who: 'A/A control',
        spread: ratio(comparison, 'few again', 'few'),
        unit: 'times',
      },
    ],
    faults: failed > 0 ? [`${failed} calls were not served`] : [],
  }
}
