import fc from 'fast-check'
import { createClient } from 'redis'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { FlightAsk, RefreshOutcome } from 'xstate-session'
import { NEVER } from '../../machines/session.instants.ts'
import {
  asOf,
  decide,
  type LedgerRow,
  opened,
  raised,
  type SendAsk,
  type SendResult,
  settled,
} from '../../machines/session.ledger.ts'
import { claim } from '../../src/coordination/claim.ts'
import { sendResult } from '../../src/coordination/sendResult.ts'
import { toInstants } from '../../src/coordination/sendSpans.ts'
import { FLIGHT } from '../../src/redis/flightScript.ts'
import { LEDGER } from '../../src/redis/ledgerScript.ts'
import { askText, firstWaitText, resultText, rowOf } from '../../src/redis/ledgerText.ts'
import { ACQUIRE, FINISH } from '../../src/redis/scripts.ts'
import { movableRedis } from './movableRedis.ts'
import { storeServer } from './storeServer.ts'

/** The Lua of the Redis coordinator, and the TypeScript that it repeats. */

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

const NOW = 1_767_225_600_000

/** Around `NOW`, close to it more often than far, and rarely a whole number of milliseconds. */
const instant = fc.oneof(
  fc.constantFrom(NOW, NOW - 1, NOW + 1, NOW - 5_000, NOW - 120_000),
  fc.double({ min: NOW - 90_000_000, max: NOW + 400_000, noNaN: true }),
)
const span = fc.oneof(
  fc.constantFrom(0, 1, 5_000, 30_000),
  fc.double({ min: 0, max: 90_000_000, noNaN: true }),
)
const reasons = ['refreshRejected', 'accessRevoked', 'refreshOutcomeUnknown'] as const

const rows: fc.Arbitrary<LedgerRow> = fc
  .record(
    {
      sends: fc.integer({ min: 1, max: 9 }),
      since: instant,
      answers: fc.integer({ min: 0, max: 5 }),
      answeredSince: fc.oneof(instant, fc.constant(NEVER)),
      sentAt: instant,
      notBefore: instant,
      heldUntil: fc.oneof(fc.constant(0), instant),
      openUntil: instant,
      closed: fc.constantFrom('consumed', ...reasons),
    },
    {
      requiredKeys: ['sends', 'since', 'answers', 'answeredSince', 'sentAt', 'notBefore', 'heldUntil'],
    },
  )
  // Most rows are neither open nor closed.
  .chain((row) => {
    const { openUntil, closed, ...rest } = row
    return fc.oneof({ weight: 3, arbitrary: fc.constant(rest) }, { weight: 1, arbitrary: fc.constant(row) })
  })

const asks: fc.Arbitrary<FlightAsk> = fc.record({
  resend: fc.oneof(
    fc.constantFrom('afterBearerEnds' as const, 'never' as const),
    span.map((withinMs) => ({ withinMs })),
  ),
  isSpent: fc.boolean(),
  isEarly: fc.boolean(),
  known: fc.oneof(
    fc.constant(null),
    fc.record({ sends: fc.nat(9), sinceMs: span, answers: fc.nat(5), answeredSinceMs: span }),
    fc.record({ sends: fc.nat(9), sinceMs: span, answers: fc.constant(0) }),
  ),
})

const results: fc.Arbitrary<SendResult> = fc.oneof(
  fc.constantFrom<SendResult>({ kind: 'renewed' }, { kind: 'unsent' }, { kind: 'consumed' }),
  fc.constantFrom(...reasons).map((reason) => ({ kind: 'rejected', reason }) as const),
  fc.record({
    kind: fc.constant('unknown' as const),
    answered: fc.boolean(),
    retryAfterMs: fc.oneof(fc.constant(0), span),
  }),
)

/** What a row is for the scripts. */
const rowText = (row: LedgerRow | null) =>
  row
    ? [
        ...[row.sends, row.since, row.answers, row.answeredSince, row.sentAt, row.notBefore, row.heldUntil],
        row.openUntil ?? '-',
        row.closed ?? '-',
      ].join(' ')
    : ''

/**
 * What a store may hold: rows, and rows of which one word is damaged or of another release, as the reason of an end
 * that nobody here knows.
 */
const texts = fc.oneof(
  { weight: 6, arbitrary: fc.option(rows).map(rowText) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(
        rows,
        fc.nat(8),
        fc.constantFrom('whatever', 'toString', '-', '-1', String(NOW - 1.5), '1e400', 'nan'),
      )
      .map(([row, at, word]) => rowText(row).split(' ').with(at, word).join(' ')),
  },
  { weight: 1, arbitrary: rows.map((row) => rowText(row).split(' ').with(8, 'whatever').join(' ')) },
  {
    weight: 1,
    arbitrary: fc.tuple(rows, fc.nat(9)).map(([row, to]) => rowText(row).split(' ').slice(0, to).join(' ')),
  },
)

const onClock = ({ resend, isSpent, isEarly = false, known }: FlightAsk, now: number): SendAsk => ({
  resend,
  isSpent,
  isEarly,
  known: known && toInstants(known, now),
})

type Pair = [LedgerRow | null, LedgerRow | null]

const CASE = `${LEDGER}
local now, row, before = tonumber(ARGV[1]), readRow(ARGV[2]), readRow(ARGV[3])
local ask = readAsk(ARGV[4], now)
local kind, waitMs = decide(row, ask, now)
local open = opened(row, ask, now, tonumber(ARGV[5]))
local left = settled(open, before, ARGV[6], ARGV[7], ask, now, tonumber(ARGV[8]))
return {
  kind, waitMs and number(waitMs) or '',
  row and rowText(asOf(row, now)) or '',
  row and rowText(raised(row, ask.known)) or '',
  rowText(open), left and rowText(left) or ''
}`

test('U37: the Lua of Redis decides, opens and settles as the ledger does, case by case', async () => {
  const kinds = new Set<string>()
  await fc.assert(
    fc.asyncProperty(
      texts,
      texts,
      asks,
      span,
      results,
      fc.double({ min: 0, max: 1, noNaN: true }),
      async (text, textBefore, ask, openForMs, result, roll) => {
        const args = [NOW, text, textBefore, askText(ask), openForMs]
        const [row, before] = [text, textBefore].map((one) => (one === '' ? null : rowOf(one))) as Pair
        const more = [result.kind, resultText(result), roll]
        const found = await client.sendCommand(['EVAL', CASE, '0', ...[...args, ...more].map(String)])
        const [kind, waitMs, back, higher, open, left] = (found as unknown as string[]).map(String)
        const asked = onClock(ask, NOW)
        const decision = decide(row, asked, NOW)
        kinds.add(decision.kind)
        expect(kind).toBe(decision.kind)
        if ('waitMs' in decision) expect(Number(waitMs)).toBe(decision.waitMs)
        else expect(waitMs).toBe('')
        const expected = opened(row, asked, NOW, openForMs)
        const pairs: [string | undefined, LedgerRow | null][] = [
          [back, row && asOf(row, NOW)],
          [higher, row && raised(row, asked.known)],
          [open, expected],
          [left, settled(expected, before, result, ask.resend, NOW, roll)],
        ]
        for (const [said, wanted] of pairs) expect(said ? rowOf(said) : null).toEqual(wanted)
      },
    ),
    { numRuns: 1_000 },
  )
  // None of the answers is only thought to have been compared.
  expect([...kinds].sort()).toEqual(['consumed', 'doubt', 'open', 'rejected', 'send'])
})

/** The row of a flight. */
const STORED = `${LEDGER}${FLIGHT}
local text = redis.call('GET', KEYS[1])
return text and flightOf(text).row or false`

test.each(['whatever', 'first|owner|x', 'sent|owner', 'sent|owner|1|0|inf|whatever|', 'done'])(
  'U37: a damaged flight is a send of which nobody knows, and none that is new: %s',
  async (text) => {
    await client.set('damaged', text)
    const stored = await client.sendCommand(['EVAL', STORED, '1', 'damaged'])
    // An empty text would be no row.
    expect(String(stored)).not.toBe('')
    expect(rowOf(String(stored))).toMatchObject({ sends: 1, since: 0, sentAt: 0 })
  },
)

const outcomes: fc.Arbitrary<RefreshOutcome> = fc.oneof(
  { weight: 5, arbitrary: fc.constant<RefreshOutcome>({ kind: 'unknown', cause: 'status', answered: true }) },
  {
    weight: 5,
    arbitrary: fc.constant<RefreshOutcome>({ kind: 'unknown', cause: 'timeout', answered: false }),
  },
  fc.constantFrom<RefreshOutcome>(
    { kind: 'unknown', cause: 'status', answered: false, retryAfterMs: 70_000 },
    { kind: 'unknown', cause: 'consumed', answered: true, consumed: true },
    { kind: 'refused', cause: 'network' },
    { kind: 'unsupported', forGood: false },
    { kind: 'rejected', reason: 'accessRevoked' },
    { kind: 'ok', bearer: 'B2' },
  ),
)
const steps = fc.array(
  fc.record({
    ask: asks,
    outcome: outcomes,
    /** The sender dies, and nobody tells what came. */
    dies: fc.boolean(),
    passMs: fc.constantFrom(0, 4_000, 6_000, 13_000, 40_000, 400_000, 3_600_000),
    roll: fc.double({ min: 0, max: 1, noNaN: true }),
  }),
  { minLength: 1, maxLength: 12 },
)

test('U37: whatever happens to a token, the row in Redis is the one that the ledger would have written', async () => {
  let token = 0
  const seen = new Set<string>()
  await fc.assert(
    fc.asyncProperty(steps, async (script) => {
      const time = movableRedis(client)
      const { sendCommand } = time.wrap(client)
      const run = async (text: string, keys: string[], args: unknown[]) => {
        const found = await sendCommand(['EVAL', text, String(keys.length), ...keys, ...args.map(String)])
        return (found as unknown as unknown[]).map(String)
      }
      const key = `flight ${++token}`
      const stored = async () => {
        const text = await client.sendCommand(['EVAL', STORED, '1', key])
        return text === null ? null : rowOf(String(text))
      }
      let row: LedgerRow | null = null
      for (const [index, { ask, outcome, dies, passMs, roll }] of script.entries()) {
        await time.advance(passMs)
        const acquiring = [`owner ${index}`, askText(ask), 30_000, 5_000, 86_400_000, firstWaitText(ask)]
        const [kind, first = '', second] = await run(ACQUIRE, [key, 'scope', 'origin'], acquiring)
        seen.add(String(kind))
        if (kind === 'pending') {
          const openMs = (row?.openUntil ?? 0) - Number(row?.sentAt)
          expect(Number(second)).toBeLessThanOrEqual(openMs)
          continue
        }
        if (kind === 'held') {
          const held = claim(row, ask, Number(second), 30_000)
          expect(held).toHaveProperty('outcome')
          const known = onClock(ask, Number(second)).known
          expect(rowOf(first)).toEqual(raised(row ? asOf(row, Number(second)) : rowOf(first), known))
          continue
        }
        expect(kind).toBe('lead')
        const begun = await stored()
        const claimed = claim(row, ask, begun?.sentAt ?? 0, 30_000)
        if ('outcome' in claimed) throw new Error(`The ledger says ${JSON.stringify(claimed)}.`)
        expect(begun).toEqual(claimed.row)
        row = claimed.row
        if (dies) continue
        const result = sendResult(outcome)
        const told = [result.kind, resultText(result), 60_000]
        const finishing = [`owner ${index}`, 'channel', key, '', 86_400_000, askText(ask), roll, ...told, 0]
        const [end, , left, now] = await run(FINISH, [key, 'origin'], finishing)
        expect(end).toBe('settled')
        row = settled(claimed.row, claimed.before, result, ask.resend, Number(now), roll)
        expect(left ? rowOf(left) : null).toEqual(row)
        expect(await stored()).toEqual(row)
      }
    }),
    { numRuns: 100 },
  )
  expect([...seen].sort()).toEqual(['held', 'lead', 'pending'])
})
