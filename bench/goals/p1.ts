import { type Case, interleave } from '../lib/interleave.ts'
import type { Report, Row } from '../lib/report.ts'
import { compare } from '../lib/spread.ts'
import { startServer } from '../lib/startServer.ts'
import { axiosAuthRefresh } from '../peers/axios.ts'
import { badgateway } from '../peers/badgateway.ts'
import { handWritten } from '../peers/handWritten.ts'
import { kyHooks } from '../peers/ky.ts'
import { openSession } from '../peers/ours.ts'
import { good, type World } from '../peers/peer.ts'

type Input = readonly [string | Request, RequestInit?]
type Fields = Record<string, string>
type Send = (...input: Input) => Promise<unknown>

/** How a caller may hand over what it asks for, and what the session may cost then. */
const forms: readonly { name: string; goal: number; input(url: string, headers: Fields): Input }[] = [
  { name: 'no headers', goal: 2, input: (url, headers) => (isEmpty(headers) ? [url] : [url, { headers }]) },
  { name: 'plain object', goal: 2, input: (url, headers) => [url, { headers: { ...accept, ...headers } }] },
  {
    name: 'Headers',
    goal: 4,
    input: (url, headers) => [url, { headers: new Headers({ ...accept, ...headers }) }],
  },
  {
    name: 'Request',
    goal: 4,
    input: (url, headers) => [new Request(url, { headers: { ...accept, ...headers } })],
  },
]

const accept = { accept: 'application/json' }
const bearer = { authorization: 'Bearer start' }
const isEmpty = (fields: Fields) => Object.keys(fields).length === 0

const BLOCK = 200

/** One request and its whole answer, milliseconds. The input is made beforehand. */
async function timed(send: Send, input: Input): Promise<number> {
  const before = performance.now()
  const answer = await send(...input)
  if (answer instanceof Response) await answer.text()
  return performance.now() - before
}

/**
 * P1: what a request through the session costs, over a server on this machine, beyond a bare `fetch` that sends
 * the very same: the bearer stands in its headers. What the bearer itself costs on the way is a row of its own.
 */
export async function p1(): Promise<Report> {
  const server = await startServer()
  const world: World = { baseUrl: server.baseUrl, send: globalThis.fetch, refresh: async () => 'renewed' }
  const session = openSession(world, good())
  const bare: Send = (...input) => fetch(...input)
  const peers = [handWritten, badgateway, kyHooks, axiosAuthRefresh].map((peer) => {
    const client = peer.open(world, good())
    return { name: peer.name, send: ((path) => client.fetch(path as string)) as Send }
  })

  const url = `${world.baseUrl}/users`
  const cases: Case[] = [
    ...forms.flatMap(({ name, input }) => [
      { name: `bare ${name}`, sample: () => timed(bare, input(url, bearer)) },
      { name: `again ${name}`, sample: () => timed(bare, input(url, bearer)) },
      // A page calls with a path; only a `Request` must be absolute.
      {
        name: `ours ${name}`,
        sample: () => timed(session.fetch, input(name === 'Request' ? url : '/users', {})),
      },
    ]),
    { name: 'without', sample: () => timed(bare, [url]) },
    ...peers.map(({ name, send }) => ({ name, sample: () => timed(send, ['/users']) })),
  ]
  const samples = await interleave(cases, { warmups: 300, rounds: 60 * BLOCK, limitMs: 70_000 })
  session.dispose()
  await server.stop()

  const over = (name: string, base: string) =>
    compare({ samples, block: BLOCK }, name, base, (a, b) => (a / b - 1) * 100)
  const row = (what: string, who: string, name: string, base: string): Row => ({
    what,
    who,
    spread: over(name, base),
    unit: 'percent',
  })
  const rows = [
    ...forms.flatMap(({ name, goal }): Row[] => [
      { ...row(name, 'xstate-session', `ours ${name}`, `bare ${name}`), goal },
      row(name, 'A/A control', `again ${name}`, `bare ${name}`),
    ]),
    row('no headers', 'bare fetch without a bearer', 'without', 'bare no headers'),
    ...peers.map(({ name }) => row('no headers', name, name, 'bare no headers')),
  ]
  return {
    id: 'P1',
    title: 'a request over a loopback server, p50 over a bare fetch that carries the bearer',
    rows,
    faults: [],
  }
}
