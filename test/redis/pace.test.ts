import fc from 'fast-check'
import { createClient } from 'redis'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  enter,
  freshPace,
  learned,
  type Pace,
  type PaceAsk,
  type PaceNews,
} from '../../src/coordination/pace.ts'
import { LEDGER } from '../../src/redis/ledgerScript.ts'
import { PACING } from '../../src/redis/paceScript.ts'
import { newsText } from '../../src/redis/paceText.ts'
import { storeServer } from './storeServer.ts'

/** The Lua of the pace, and the TypeScript that it repeats. */

let redis: Awaited<ReturnType<typeof storeServer>>
let client: ReturnType<typeof createClient>
beforeAll(async () => {
  redis = await storeServer()
  client = createClient({ socket: { port: redis.port, host: '127.0.0.1' } })
  await client.connect()
})
afterAll(async () => {
  client.destroy()
  await redis.stop()
})

const CASE = `${LEDGER}${PACING}
local now = tonumber(ARGV[2])
local pace, wait = readPace(ARGV[1], now), ''
if ARGV[3] == 'enter' then wait = number(enter(pace, tonumber(ARGV[4]), ARGV[5] == '1', now))
else learned(pace, ARGV[4], tonumber(ARGV[5]), now) end
return {paceText(pace), wait}`

const FIELDS = [
  'rate',
  'threshold',
  'tokens',
  'at',
  'queueAt',
  'closedUntil',
  'cutAt',
  'wins',
  'wonAt',
] as const
const textOf = (pace: Pace | undefined) => (pace ? FIELDS.map((name) => pace[name]).join(' ') : '')
const paceOf = (text: string) =>
  Object.fromEntries(text.split(' ').map((word, i) => [FIELDS[i], Number(word)])) as unknown as Pace

type Step = { readonly passMs: number } & (
  | { readonly ask: PaceAsk; readonly news?: never }
  | { readonly news: PaceNews; readonly agoMs: number; readonly ask?: never }
)

const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({
        passMs: fc.constantFrom(0, 1, 5, 40, 900, 20_000),
        ask: fc.record({
          placeAt: fc.oneof(fc.constant(Infinity), fc.double({ min: 0, max: 400_000, noNaN: true })),
          isEarly: fc.oneof({ weight: 5, arbitrary: fc.constant(false) }, fc.constant(true)),
        }),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        passMs: fc.constantFrom(0, 3, 200, 2_000, 700_000),
        news: fc.constantFrom<PaceNews>(
          { kind: 'won' },
          { kind: 'overloaded', isLimiter: true },
          { kind: 'overloaded', isLimiter: true, retryAfterMs: 7_000 },
          { kind: 'overloaded', isLimiter: true, retryAfterMs: -1 },
          { kind: 'overloaded', isLimiter: false, retryAfterMs: 1e12 },
          { kind: 'overloaded', isLimiter: false },
        ),
        agoMs: fc.constantFrom(0, 5, 4_000),
      }),
    },
  ),
  { minLength: 1, maxLength: 40 },
)

test('U61: the Lua of Redis paces as the coordinator of a process does, step by step', async () => {
  let held = 0
  await fc.assert(
    fc.asyncProperty(steps, async (script) => {
      let now = 1_000_000
      let pace: Pace | undefined
      for (const step of script) {
        now += step.passMs
        const args = step.ask
          ? [
              'enter',
              step.ask.placeAt === Infinity ? 'inf' : now + step.ask.placeAt - 200_000,
              step.ask.isEarly ? 1 : 0,
            ]
          : ['learned', newsText(step.news), now - step.agoMs]
        const told = [textOf(pace), now, ...args].map(String)
        const [text, wait] = (await client.sendCommand(['EVAL', CASE, '0', ...told])) as unknown as string[]
        const before = pace ?? freshPace(now)
        if (step.ask) {
          const asked = { ...step.ask, placeAt: now + step.ask.placeAt - 200_000 }
          const entered = enter(before, asked, now)
          expect(Number(wait)).toBeCloseTo(entered.waitMs, 6)
          if (entered.waitMs > 0) held++
          pace = entered.pace
        } else pace = learned(before, step.news, now - step.agoMs, now)
        const found = paceOf(String(text))
        for (const name of FIELDS) expect([name, found[name]]).toEqual([name, expect.closeTo(pace[name], 6)])
      }
    }),
    { numRuns: 300 },
  )
  expect(held).toBeGreaterThan(100)
})

test('U61: a Redis whose clock was set back holds nobody for as long', async () => {
  const now = 1_000_000
  const ahead = {
    ...freshPace(now + 3_600_000),
    rate: 1,
    closedUntil: now + 3_610_000,
    queueAt: now + 3_700_000,
  }
  const told = [textOf(ahead), now, 'enter', 'inf', 0].map(String)
  const [, wait] = (await client.sendCommand(['EVAL', CASE, '0', ...told])) as unknown as string[]
  expect(Number(wait)).toBe(0)
})
