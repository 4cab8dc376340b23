import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { createClient } from 'redis'
import type { Flight } from 'xstate-session'
import { redisCoordinator } from 'xstate-session/redis'
import { interleave } from '../lib/interleave.ts'
import type { Report } from '../lib/report.ts'
import { ratio, spreadOf } from '../lib/spread.ts'

const SECRET = 'a secret that all processes of this benchmark know'
const AT_ONCE = 500

let tokens = 0
/** A token of its own, whose refresh is answered at once. */
const flight = (): Flight => ({
  identity: { provider: 'openid', userId: 'u', sessionId: `s${++tokens}`, refreshToken: `token ${tokens}` },
  origin: 'https://chat.example',
  ask: { resend: 'afterBearerEnds', isSpent: true, known: null },
  send: async () => ({ kind: 'ok', bearer: 'bearer', refreshToken: `next ${tokens}` }),
})

async function startRedis() {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as { port: number }
  probe.close()
  await once(probe, 'close')
  const child = spawn('redis-server', ['--port', `${port}`, '--bind', '127.0.0.1', '--save', ''], {
    stdio: 'ignore',
  })
  const client = createClient({ socket: { port, host: '127.0.0.1', reconnectStrategy: () => 50 } })
  client.on('error', () => {})
  await client.connect()
  return {
    client,
    async stop() {
      client.destroy()
      child.kill()
      await once(child, 'exit')
    },
  }
}

/** P10: what it costs to make sure, through a real Redis, that one process refreshes. */
export async function p10(): Promise<Report> {
  const { client, stop } = await startRedis()
  const coordinator = redisCoordinator({ client, secret: SECRET })
  try {
    const timed = async (run: () => Promise<unknown>) => {
      const before = performance.now()
      await run()
      return (performance.now() - before) * 1_000
    }
    const sends = await commandsOf(client, () => coordinator.run(flight()))
    const samples = await interleave(
      [
        { name: 'PING', sample: () => timed(() => client.ping()) },
        { name: 'again', sample: () => timed(() => client.ping()) },
        { name: 'lead', sample: () => timed(() => coordinator.run(flight())) },
        {
          name: 'four commands',
          sample: () =>
            timed(async () => {
              for (let n = 0; n < 4; n++) await client.set(`four:${n}`, 'x')
            }),
        },
      ],
      { warmups: 1_000, rounds: 1_000, limitMs: 20_000 },
    )
    // Apart from the single ones, which would pay for the garbage of hundreds.
    const many = await interleave(
      [
        {
          name: 'many',
          sample: async () =>
            (await timed(() =>
              Promise.all(Array.from({ length: AT_ONCE }, () => coordinator.run(flight()))),
            )) / AT_ONCE,
        },
      ],
      { warmups: 30, rounds: 100, limitMs: 20_000 },
    )
    const comparison = { samples, block: 10 }
    const over = (name: string) => ratio(comparison, name, 'PING')
    return {
      id: 'P10',
      title: 'a refresh coordinated through Redis',
      rows: [
        {
          what: 'one refresh',
          who: 'xstate-session over a PING',
          spread: over('lead'),
          unit: 'times',
          goal: 3.5,
        },
        {
          what: 'one refresh',
          who: 'four plain commands over a PING',
          spread: over('four commands'),
          unit: 'times',
        },
        { what: 'PING', who: 'A/A control', spread: over('again'), unit: 'times' },
        {
          what: `each of ${AT_ONCE} at once`,
          who: 'xstate-session',
          spread: spreadOf(many.get('many') ?? []),
          unit: 'micros',
          goal: 1_000_000 / 30_000,
        },
      ],
      faults: sends === 2 ? [] : [`a leader sent ${sends} commands instead of 2`],
    }
  } finally {
    coordinator.close()
    await stop()
  }
}

/** How many scripts a client has sent. */
async function commandsOf(
  client: Awaited<ReturnType<typeof startRedis>>['client'],
  run: () => Promise<unknown>,
) {
  await run()
  await sleep(50)
  await client.sendCommand(['CONFIG', 'RESETSTAT'])
  await run()
  const stats = String(await client.sendCommand(['INFO', 'commandstats']))
  return Number(/cmdstat_evalsha:calls=(\d+)/.exec(stats)?.[1])
}
