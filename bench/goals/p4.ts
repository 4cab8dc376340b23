import { setTimeout as after } from 'node:timers/promises'
import { type Case, interleave } from '../lib/interleave.ts'
import type { Report, Row } from '../lib/report.ts'
import { compare, ratio, type Spread, spreadOf } from '../lib/spread.ts'
import { axiosAuthRefresh } from '../peers/axios.ts'
import { badgateway } from '../peers/badgateway.ts'
import { handWritten } from '../peers/handWritten.ts'
import { kyHooks } from '../peers/ky.ts'
import { ours } from '../peers/ours.ts'
import { type Client, ended, type Peer, type World } from '../peers/peer.ts'

const REFRESH_MS = 5

interface Tally {
  readonly refreshes: number[]
  readonly served: number[]
}

/** One shared promise, and nothing else: what the harness itself costs. */
const shared: Peer = {
  name: 'limit: one shared promise',
  open({ refresh }) {
    let flight: Promise<string> | undefined
    const token = () => (flight ??= refresh())
    return { token, fetch: async () => ({ status: 200 }) }
  },
}

/** Milliseconds from the first call until the last of `callers` is answered; notes who was served. */
function answered(call: () => Promise<unknown>, callers: number, tally: Tally): Promise<number> {
  return new Promise((resolve) => {
    let left = callers
    let served = 0
    const end = () => {
      if (--left > 0) return
      tally.served.push(served)
      resolve(performance.now() - before)
    }
    const ok = () => {
      served++
      end()
    }
    const before = performance.now()
    for (let i = 0; i < callers; i++) call().then(ok, end)
  })
}

/** A case that opens a client with an ended bearer for every sample. `face`: what the callers call. */
function waiting(peer: Peer, face: 'token' | 'fetch', callers: number, tally: Tally, name: string): Case {
  return {
    name,
    async sample() {
      let refreshes = 0
      const world: World = {
        baseUrl: 'http://stub.test',
        async send(input, init) {
          const headers = input instanceof Request ? input.headers : new Headers(init?.headers)
          return new Response(null, { status: headers.get('authorization') === 'Bearer renewed' ? 200 : 401 })
        },
        async refresh() {
          refreshes++
          await after(REFRESH_MS)
          return 'renewed'
        },
      }
      const client = peer.open(world, ended())
      const took = await answered(calls(client, face), callers, tally)
      tally.refreshes.push(refreshes)
      client.stop?.()
      return took
    },
  }
}

const calls = (client: Client, face: 'token' | 'fetch') =>
  face === 'token' ? (client.token as () => Promise<string>) : () => client.fetch('/users')

/** P4: many callers at an ended bearer. */
export async function p4(): Promise<Report> {
  const tallies = new Map<string, Tally & { readonly callers: number; readonly who: string }>()
  const add = (peer: Peer, face: 'token' | 'fetch', callers: number, suffix = '') => {
    const who = face === 'fetch' ? `${peer.name}, fetch` : peer.name
    const tally = { refreshes: [], served: [], callers, who }
    const name = `${who} ${callers}${suffix}`
    tallies.set(name, tally)
    return waiting(peer, face, callers, tally, name)
  }
  const quick = [
    ...[1, 1_000, 10_000, 100_000].map((n) => add(ours, 'token', n)),
    add(ours, 'token', 1, ' again'),
    add(ours, 'token', 1_000, ' again'),
    ...[1, 100_000].map((n) => add(shared, 'token', n)),
  ]
  const slow = [handWritten, badgateway].flatMap((peer) =>
    [1, 1_000, 100_000].map((n) => add(peer, 'token', n)),
  )
  const byRequest = [
    ...[1, 1_000, 100_000].map((n) => add(ours, 'fetch', n)),
    ...[handWritten, badgateway, kyHooks, axiosAuthRefresh].flatMap((peer) =>
      [1, 1_000].map((n) => add(peer, 'fetch', n)),
    ),
  ]
  const first = { samples: await interleave(quick, { warmups: 5, rounds: 150, limitMs: 20_000 }), block: 5 }
  const second = {
    samples: await interleave([...quick, ...slow], { warmups: 1, rounds: 40, limitMs: 20_000 }),
    block: 3,
  }
  const third = {
    samples: await interleave(byRequest, { warmups: 1, rounds: 30, limitMs: 20_000 }),
    block: 3,
  }

  type Comparison = typeof first
  const many = (c: Comparison, who: string): Row => ({
    what: '1 000 callers over 1',
    who,
    spread: ratio(c, `${who} 1000`, `${who} 1`),
    unit: 'times',
  })
  const each = (c: Comparison, who: string, n: number): Row => ({
    what: `a caller of ${n.toLocaleString('en').replace(',', ' ')}`,
    who,
    spread: compare(c, `${who} ${n}`, `${who} 1`, (a, b) => ((a - b) * 1000) / n),
    unit: 'micros',
  })
  const rows: Row[] = [
    { ...many(first, ours.name), goal: 1.1 },
    {
      what: '1 over 1',
      who: 'A/A control',
      spread: ratio(first, `${ours.name} 1 again`, `${ours.name} 1`),
      unit: 'times',
    },
    {
      what: '1 000 over 1 000',
      who: 'A/A control',
      spread: ratio(first, `${ours.name} 1000 again`, `${ours.name} 1000`),
      unit: 'times',
    },
    ...[handWritten, badgateway].map((peer) => many(second, peer.name)),
    { ...each(first, ours.name, 100_000), goal: 0.3 },
    each(first, ours.name, 10_000),
    each(first, shared.name, 100_000),
    ...[handWritten, badgateway].map((peer) => each(second, peer.name, 100_000)),
    each(third, `${ours.name}, fetch`, 100_000),
    ...[ours, handWritten, badgateway, kyHooks, axiosAuthRefresh].map((peer) =>
      each(third, `${peer.name}, fetch`, 1_000),
    ),
  ]
  const faults: string[] = []
  for (const [name, { refreshes, served, callers, who }] of tallies) {
    if (name.endsWith('again') || who === shared.name) continue
    const isOurs = who.startsWith(ours.name)
    const what = (text: string) => `${text}, N = ${callers.toLocaleString('en').replace(',', ' ')}`
    const [sent, got] = [spreadOf(refreshes), spreadOf(served)]
    if (isOurs && !isExactly(sent, 1)) faults.push(`${what('refreshes')}: ${sent.min} to ${sent.max}`)
    if (isOurs && !isExactly(got, callers)) faults.push(`${what('served')}: ${got.min} to ${got.max}`)
    if (callers === 1) continue
    rows.push({ what: what('refreshes'), who, spread: sent, unit: 'count', ...(isOurs && { goal: 1 }) })
    rows.push({ what: what('served'), who, spread: got, unit: 'count', ...(isOurs && { goal: callers }) })
  }
  return { id: 'P4', title: `callers at an ended bearer, refresh ${REFRESH_MS} ms`, rows, faults }
}

const isExactly = ({ min, max }: Spread, n: number) => min === n && max === n
