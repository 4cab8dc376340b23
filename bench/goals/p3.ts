import { systemClock } from 'xstate-session'
import { type Case, interleave } from '../lib/interleave.ts'
import type { Report, Row } from '../lib/report.ts'
import { compare, ratio } from '../lib/spread.ts'
import { badgateway } from '../peers/badgateway.ts'
import { handWritten } from '../peers/handWritten.ts'
import { openSession, ours } from '../peers/ours.ts'
import { good, type World } from '../peers/peer.ts'

type Read = () => Promise<string>

const CALLS = 200_000
const world: World = { baseUrl: 'http://stub.test', send: fetch, refresh: async () => 'renewed' }

/** Nanoseconds a call; nobody waits, as the answer is there at once. */
function timed(read: Read): number {
  let last: unknown
  const before = performance.now()
  for (let i = 0; i < CALLS; i++) last = read()
  const took = performance.now() - before
  if (last === undefined) throw new Error('no bearer')
  return (took * 1e6) / CALLS
}

/** P3: what it costs to see that the bearer is fresh. */
export async function p3(): Promise<Report> {
  const session = openSession(world, good())
  const peers = [handWritten, badgateway].map((peer) => ({
    name: peer.name,
    client: peer.open(world, good()),
  }))
  const { token, endsAt } = good()
  const bare: Read = () => (Date.now() < endsAt ? Promise.resolve(token) : world.refresh())
  const bareAgain: Read = () => (Date.now() < endsAt ? Promise.resolve(token) : world.refresh())
  const unchecked: Read = () => Promise.resolve(token)

  const cases: Case[] = [
    { name: 'bare', sample: () => timed(bare) },
    { name: 'bare again', sample: () => timed(bareAgain) },
    { name: 'unchecked', sample: () => timed(unchecked) },
    { name: 'ours', sample: () => timed(session.getToken) },
    ...peers.map(({ name, client }) => ({ name, sample: () => timed(client.token as Read) })),
  ]
  const samples = await interleave(cases, { warmups: 10, rounds: 200, limitMs: 25_000 })
  session.dispose()

  const comparison = { samples, block: 5 }
  const times = (who: string, name: string): Row => ({
    what: 'getToken over a Date.now() compare',
    who,
    spread: ratio(comparison, name, 'bare'),
    unit: 'times',
  })
  const rows: Row[] = [
    { ...times(ours.name, 'ours'), goal: 1.1 },
    times('A/A control', 'bare again'),
    times('no check at all', 'unchecked'),
    ...peers.map(({ name }) => times(name, name)),
    {
      what: 'ns beyond the compare',
      who: ours.name,
      spread: compare(comparison, 'ours', 'bare', (a, b) => a - b),
      unit: 'nanos',
    },
  ]
  const counts = await countReads()
  return {
    id: 'P3',
    title: 'is the bearer fresh',
    rows: [
      ...rows,
      ...counts.map(
        ({ what, count, goal }): Row => ({
          what,
          who: ours.name,
          spread: { median: count, min: count, max: count },
          unit: 'count',
          goal,
        }),
      ),
    ],
    faults: counts
      .filter(({ count, goal }) => count !== goal)
      .map(({ what, count, goal }) => `${what}: ${count}, not ${goal}`),
  }
}

/** What 1 000 calls with a fresh bearer read and send. */
async function countReads() {
  const calls = 1_000
  let wall = 0
  let monotonic = 0
  const clock = {
    ...systemClock,
    wall() {
      wall++
      return Date.now()
    },
    monotonic() {
      monotonic++
      return performance.now()
    },
  }
  let sent = 0
  const send = async () => {
    sent++
    return new Response(null)
  }
  const session = openSession({ ...world, send }, good(), { clock })
  await session.getToken()
  wall = 0
  monotonic = 0
  const before = session.actorRef.getSnapshot()
  let isCounting = false
  let transitions = 0
  // An observer is told of every event, of the ignored ones too.
  const { unsubscribe } = session.actorRef.subscribe(() => isCounting && transitions++)
  isCounting = true
  for (let i = 0; i < calls; i++) void session.getToken()
  const reads = { wall, monotonic }
  void session.fetch('/users')
  const sentAtOnce = sent
  unsubscribe()
  const isSame = session.actorRef.getSnapshot() === before
  session.dispose()
  return [
    { what: 'wall clock reads in 1 000 calls', count: reads.wall, goal: calls },
    // Not none, as P3 asks: a wall clock set back and a timer that rings late would serve what has ended (I13).
    { what: 'monotonic clock reads in 1 000 calls', count: reads.monotonic, goal: calls },
    { what: 'events sent to the chart', count: transitions + (isSame ? 0 : 1), goal: 0 },
    { what: 'requests sent before fetch returned', count: sentAtOnce, goal: 1 },
  ]
}
