import { type Case, interleave } from '../lib/interleave.ts'
import type { Report, Row } from '../lib/report.ts'
import { spreadOf } from '../lib/spread.ts'
import { startServer } from '../lib/startServer.ts'
import { axiosAuthRefresh } from '../peers/axios.ts'
import { badgateway } from '../peers/badgateway.ts'
import { handWritten } from '../peers/handWritten.ts'
import { kyHooks } from '../peers/ky.ts'
import { ours } from '../peers/ours.ts'
import { good, type Peer, type World } from '../peers/peer.ts'

const REQUESTS = 200
const SPREAD_MS = 60

/** P5: the 401s of many requests return one after the other, before and after the refresh that the first one costs. */
export async function p5(): Promise<Report> {
  const server = await startServer()
  const runs = [ours, handWritten, badgateway, kyHooks, axiosAuthRefresh].map((peer) =>
    run(peer, server.baseUrl),
  )
  await interleave(runs, { warmups: 0, rounds: 12, limitMs: 20_000 })
  await server.stop()

  const rows = runs.flatMap(({ name, refreshes, served }): Row[] => [
    {
      what: 'refreshes',
      who: name,
      spread: spreadOf(refreshes),
      unit: 'count',
      ...(name === ours.name && { goal: 1 }),
    },
    {
      what: 'served',
      who: name,
      spread: spreadOf(served),
      unit: 'count',
      ...(name === ours.name && { goal: REQUESTS }),
    },
  ])
  const faults = rows
    .filter(({ goal, spread: { min, max } }) => goal !== undefined && (min !== goal || max !== goal))
    .map(({ what, goal, spread: { min, max } }) => `${what}: ${min} to ${max}, not ${goal}`)
  return { id: 'P5', title: `${REQUESTS} requests whose 401s return over ${SPREAD_MS} ms`, rows, faults }
}

function run(peer: Peer, baseUrl: string): Case & { refreshes: number[]; served: number[] } {
  const refreshes: number[] = []
  const served: number[] = []
  return {
    name: peer.name,
    refreshes,
    served,
    async sample() {
      let sent = 0
      const world: World = {
        baseUrl,
        send: globalThis.fetch,
        async refresh() {
          sent++
          return (await fetch(`${baseUrl}/refresh`, { method: 'POST' })).text()
        },
      }
      const client = peer.open(world, good())
      const before = performance.now()
      const answers = await Promise.allSettled(
        Array.from({ length: REQUESTS }, async (_, i) => {
          const answer = await client.fetch(`/late?ms=${Math.floor((i * SPREAD_MS) / REQUESTS)}`)
          if (answer instanceof Response) await answer.text()
          return answer.status
        }),
      )
      client.stop?.()
      refreshes.push(sent)
      served.push(answers.filter((a) => a.status === 'fulfilled' && a.value === 200).length)
      return performance.now() - before
    },
  }
}
