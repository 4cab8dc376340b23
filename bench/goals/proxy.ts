import { once } from 'node:events'
import { Agent, get } from 'node:http'
import { Worker } from 'node:worker_threads'
import { interleave } from '../lib/interleave.ts'
import type { Report } from '../lib/report.ts'
import { ratio, spreadOf } from '../lib/spread.ts'
import { startServer } from '../lib/startServer.ts'

const CALLS = 500
const CLIENTS = 16

interface Proxies {
  readonly cookie: string
  readonly ours: number
  readonly streams: number
  readonly fetches: number
}

/** The proxy of a panel's server, beside bare reverse proxies. */
export async function proxy(): Promise<Report> {
  const target = await startServer()
  const worker = new Worker(new URL('../lib/proxies.ts', import.meta.url), { workerData: target.baseUrl })
  const [{ cookie, ...ports }] = (await once(worker, 'message')) as [Proxies]
  const agent = new Agent({ keepAlive: true, maxSockets: CLIENTS })
  let failed = 0

  function call(port: number): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    get({ host: '127.0.0.1', port, path: '/api/admin/users', agent, headers: { cookie } }, (answer) => {
      if (answer.statusCode !== 200) failed++
      answer.resume().on('end', resolve)
    }).on('error', reject)
    return promise
  }

  /** Milliseconds of every call, and of all together. */
  async function load(port: number) {
    const each: number[] = []
    const start = performance.now()
    async function client() {
      for (let n = 0; n < CALLS / CLIENTS; n++) {
        const before = performance.now()
        await call(port)
        each.push(performance.now() - before)
      }
    }
    await Promise.all(Array.from({ length: CLIENTS }, client))
    return { p50: spreadOf(each).median, allMs: performance.now() - start }
  }

  const medians = new Map<string, number[]>()
  const cases = [
    { name: 'ours', port: ports.ours },
    { name: 'streams', port: ports.streams },
    { name: 'streams again', port: ports.streams },
    { name: 'fetch', port: ports.fetches },
  ].map(({ name, port }) => ({
    name,
    async sample() {
      const { p50, allMs } = await load(port)
      medians.set(name, [...(medians.get(name) ?? []), p50])
      return allMs
    },
  }))
  const samples = await interleave(cases, { warmups: 3, rounds: 30, limitMs: 60_000 })
  agent.destroy()
  await worker.terminate()
  await target.stop()

  const row = (what: string, name: string, who: string, base: string, of: typeof samples) => ({
    what,
    who,
    spread: ratio({ samples: of, block: 5 }, name, base),
    unit: 'times' as const,
  })
  const throughput = 'requests a second, bare over'
  const latency = 'p50 over bare'
  return {
    id: 'proxy',
    title: `a call through the server with ${CLIENTS} clients, beside a bare reverse proxy of streams`,
    rows: [
      row(throughput, 'ours', 'xstate-session', 'streams', samples),
      row(throughput, 'fetch', "a proxy on the platform's fetch", 'streams', samples),
      row(throughput, 'streams again', 'A/A control', 'streams', samples),
      row(`${throughput} fetch`, 'ours', 'xstate-session', 'fetch', samples),
      row(latency, 'ours', 'xstate-session', 'streams', medians),
      row(latency, 'fetch', "a proxy on the platform's fetch", 'streams', medians),
      row(latency, 'streams again', 'A/A control', 'streams', medians),
    ],
    faults: failed > 0 ? [`${failed} calls were not served`] : [],
  }
}
