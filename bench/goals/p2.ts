import { type Case, interleave } from '../lib/interleave.ts'
import type { Report, Row } from '../lib/report.ts'
import { compare, ratio } from '../lib/spread.ts'
import { axiosAuthRefresh } from '../peers/axios.ts'
import { badgateway } from '../peers/badgateway.ts'
import { handWritten } from '../peers/handWritten.ts'
import { kyHooks } from '../peers/ky.ts'
import { ours } from '../peers/ours.ts'
import { good, type World } from '../peers/peer.ts'

type Send = (path: string, init?: RequestInit) => Promise<{ readonly status: number }>

const LIMIT_US = 0.3

/** The least that a wrapper with a bearer can do. */
function leastOver({ baseUrl, send }: World): Send {
  const token = 'start'
  const endsAt = Date.now() + 3_600_000
  const check = (answer: Response) => {
    if (answer.status === 401) throw new Error('refused')
    return answer
  }
  return (path, init) => {
    if (Date.now() >= endsAt) throw new Error('ended')
    return send(baseUrl + path, { ...init, headers: { authorization: `Bearer ${token}` } }).then(check)
  }
}

/** Microseconds a call, over many. */
async function timed(send: Send, calls: number, init?: RequestInit): Promise<number> {
  const before = performance.now()
  for (let i = 0; i < calls; i++) await send('/users', init)
  return ((performance.now() - before) * 1000) / calls
}

/** P2: what the session itself costs a request, with nothing behind it. */
export async function p2(): Promise<Report> {
  const answer = Promise.resolve(new Response(null, { status: 200 }))
  const world: World = { baseUrl: 'http://stub.test', send: () => answer, refresh: async () => 'renewed' }
  const init = { headers: new Headers({ accept: 'application/json' }) }
  const stub: Send = (path, given) => world.send(world.baseUrl + path, given)
  const clients = [ours, handWritten, badgateway, kyHooks, axiosAuthRefresh].map((peer) => ({
    name: peer.name,
    client: peer.open(world, good()),
    // About as long for the slow as for the fast.
    calls: peer === ours ? 20_000 : peer === handWritten ? 4_000 : 800,
  }))
  const neighbours = clients.slice(1)
  const withHeaders = clients.slice(0, 3)

  const cases: Case[] = [
    { name: 'stub', sample: () => timed(stub, 20_000) },
    { name: 'stub again', sample: () => timed(stub, 20_000) },
    { name: 'least', sample: () => timed(leastOver(world), 20_000) },
    ...clients.map(({ name, client, calls }) => ({ name, sample: () => timed(client.fetch, calls) })),
    { name: 'ours again', sample: () => timed(clients[0]?.client.fetch as Send, 20_000) },
    ...withHeaders.map(({ name, client }) => ({
      name: `${name}, Headers`,
      sample: () => timed(client.fetch, 4_000, init),
    })),
    { name: 'ours again, Headers', sample: () => timed(clients[0]?.client.fetch as Send, 4_000, init) },
  ]
  const samples = await interleave(cases, { warmups: 8, rounds: 150, limitMs: 30_000 })
  for (const { client } of clients) client.stop?.()

  const comparison = { samples, block: 3 }
  const beyond = (what: string, who: string, name: string): Row => ({
    what,
    who,
    spread: compare(comparison, name, 'stub', (a, b) => a - b),
    unit: 'micros',
  })
  const times = (what: string, who: string, name: string, base: string): Row => ({
    what,
    who,
    spread: ratio(comparison, name, base),
    unit: 'times',
  })
  const rows: Row[] = [
    { ...beyond('beyond the stub', ours.name, ours.name), goal: LIMIT_US },
    beyond('beyond the stub', 'limit: the least wrapper', 'least'),
    beyond('beyond the stub', 'A/A control: the stub', 'stub again'),
    ...neighbours.map(({ name }) => beyond('beyond the stub', name, name)),
    times('over hand-written', ours.name, ours.name, handWritten.name),
    times('over itself', 'A/A control: ours', 'ours again', ours.name),
    {
      ...times(
        'Headers, over hand-written',
        ours.name,
        `${ours.name}, Headers`,
        `${handWritten.name}, Headers`,
      ),
      goal: 1,
    },
    times('Headers, over itself', 'A/A control: ours', 'ours again, Headers', `${ours.name}, Headers`),
    ...withHeaders.map(({ name }) => beyond('Headers, beyond the stub', name, `${name}, Headers`)),
  ]
  return { id: 'P2', title: 'the wrapper over a stub fetch', rows, faults: [] }
}
