import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { Pool } from 'undici'
import { type Case, interleave, type Samples } from '../lib/interleave.ts'
import { costOf } from '../lib/processCost.ts'
import type { Report, Row } from '../lib/report.ts'
import { ratio, spreadOf } from '../lib/spread.ts'
import { canPin, type RunningProxy, startProxies } from '../lib/startProxies.ts'
import { startServer } from '../lib/startServer.ts'

const CALLS = 4_000
const CLIENTS = 16
const ROUNDS = 10
const WARMUPS = 2
const LIMIT_MS = 150_000
const BASE = 'streams'

/** Ours, by what is measured of it. */
const GOALS = { cpu: 1.6, p99: 2, resident: 150e6 } as const

/** A call through the server's proxy, beside bare reverse proxies; with `hasPeers` also beside those of others. */
export async function p14(hasPeers: boolean): Promise<Report> {
  if (!existsSync('/proc/self/stat'))
    return {
      id: 'P14',
      title: 'a call through the proxy: needs Linux, which counts what a process costs',
      rows: [],
      faults: [],
    }
  // All that is not a proxy, the threads of this process included, leaves the proxies their core.
  stayOn('1-1023')
  const target = await startServer()
  const { running, missing, stop } = await startProxies(target.baseUrl, hasPeers)
  try {
    const measured = await measure(running)
    const title = `a call through a proxy ${canPin ? 'alone on its core' : '(no taskset: on any core)'}, ${CLIENTS} clients`
    return { id: 'P14', title, ...measured, notes: missing.map((what) => `not here: ${what}`) }
  } finally {
    await stop()
    await target.stop()
    stayOn('0-1023')
  }
}

/** Keeps all threads of this process on these cores, as far as there are so many. */
function stayOn(cores: string): void {
  if (canPin) spawnSync('taskset', ['-a', '-c', '-p', cores, String(process.pid)])
}

async function measure(running: readonly RunningProxy[]): Promise<Pick<Report, 'rows' | 'faults'>> {
  let failed = 0
  let done = 0
  const taken = { cpu: new Map(), p50: new Map(), p99: new Map() } as Record<string, Map<string, number[]>>
  const cases = running.map(({ kind, port, pid, cookie }): Case => {
    const pool = new Pool(`http://127.0.0.1:${port}`, { connections: CLIENTS })
    const call = { method: 'GET', path: '/api/admin/users', ...(cookie && { headers: { cookie } }) } as const
    return {
      name: kind,
      async sample() {
        const each: number[] = []
        const before = costOf(pid).cpu
        async function client() {
          for (let n = 0; n < CALLS / CLIENTS; n++) {
            const began = performance.now()
            const { statusCode, body } = await pool.request(call)
            if (statusCode !== 200 || (await body.text()) !== '{"ok":true}') failed++
            each.push((performance.now() - began) * 1_000)
          }
        }
        await Promise.all(Array.from({ length: CLIENTS }, client))
        const cpu = (costOf(pid).cpu - before) / CALLS
        each.sort((a, b) => a - b)
        const part = (share: number) => each[Math.floor(share * each.length)] ?? NaN
        const round = Math.floor(done++ / running.length) - WARMUPS
        if (done % running.length === 0)
          console.error(round < 0 ? '  warm-up' : `  round ${round + 1} of ${ROUNDS}`)
        if (round >= 0)
          for (const [what, value] of Object.entries({ cpu, p50: part(0.5), p99: part(0.99) }))
            taken[what]?.set(kind, [...(taken[what]?.get(kind) ?? []), value])
        return cpu
      },
    }
  })
  await interleave(cases, { warmups: WARMUPS, rounds: ROUNDS, limitMs: LIMIT_MS })
  const of = (what: string): Samples => taken[what] as Samples
  const rows: Row[] = []
  for (const what of ['cpu', 'p50', 'p99'] as const)
    for (const { kind, who } of running)
      if (kind !== BASE)
        rows.push({
          what: `${what}, over bare streams`,
          who,
          spread: ratio({ samples: of(what), block: 2 }, kind, BASE),
          unit: 'times',
          ...(kind === 'ours' && what !== 'p50' && { goal: GOALS[what] }),
        })
  for (const what of ['cpu', 'p50', 'p99'] as const)
    for (const { kind, who } of running)
      rows.push({
        what: `${what} of a call`,
        who,
        spread: spreadOf(of(what).get(kind) ?? []),
        unit: 'micros',
      })
  for (const { kind, who, pid } of running)
    rows.push({
      what: 'resident after the load',
      who,
      spread: spreadOf([costOf(pid).resident]),
      unit: 'megabytes',
      ...(kind === 'ours' && { goal: GOALS.resident }),
    })
  return { rows, faults: failed > 0 ? [`${failed} calls were not served`] : [] }
}
