import { expect, test } from 'vitest'
import { coalescer } from '../../src/coordination/coalescer.ts'
import type { Coordinator, Flight } from '../../src/coordination/coordinator.ts'
import { inProcessCoordinator } from '../../src/coordination/inProcess.ts'
import { sharedPaces } from '../../src/coordination/sharedPaces.ts'
import type { RefreshOutcome } from '../../src/session/strategy.ts'
import { memoryServerStore } from '../../src/stores/memoryServerStore.ts'
import { fakeClock } from '../fakeClock.ts'
import { ada } from './flights.ts'

/** A backend that serves so many refreshes in each second, and what it answers to the others. */
const ALLOWED = 100
const answers: Readonly<Record<string, RefreshOutcome>> = {
  '429 that names no time': { kind: 'refused', cause: 'limited' },
  '429 with a Retry-After of a second': { kind: 'refused', cause: 'limited', retryAfterMs: 1_000 },
  '503': { kind: 'unknown', cause: 'status', answered: false, overloaded: true },
  '503 of a gateway that is trusted': { kind: 'refused', cause: 'unavailable', overloaded: true },
}

const RTT_MS = 5
const STEP_MS = 5

/**
 * `sessions` that come due within a minute, each of which comes back when it is told to: to any of so many `processes`, which
 * share a store.
 */
async function herd(sessions: number, no: RefreshOutcome, seconds: number, processes = 1) {
  const clock = fakeClock()
  let seed = 7
  const random = () => {
    seed = (seed * 16_807) % 2_147_483_647
    return seed / 2_147_483_647
  }
  const hash = (text: string) => text
  const store = { ...memoryServerStore({ clock }), now: async () => clock.wall() }
  const coordinators =
    processes === 1
      ? [inProcessCoordinator({ clock, random, hash })]
      : Array.from({ length: processes }, () => {
          const paces = sharedPaces(store, clock)
          return coalescer({ replayWindowMs: 60_000, maxEntries: sessions, clock, hash, paces })
        })
  const perSecond = new Map<number, number>()
  let sends = 0
  let served = 0
  const due: number[] = Array.from({ length: sessions }, () => random() * 60_000)
  const done = new Set<number>()
  const flying = new Set<number>()
  /** What is answered, and when. */
  const answering: { at: number; answer(): void }[] = []
  const send = () => {
    sends++
    const second = Math.floor(clock.monotonic() / 1_000)
    const inThis = (perSecond.get(second) ?? 0) + 1
    perSecond.set(second, inThis)
    const isServed = inThis <= ALLOWED
    return new Promise<RefreshOutcome>((resolve) => {
      const outcome: RefreshOutcome = isServed
        ? { kind: 'ok', bearer: 'B', refreshToken: `next ${sends}` }
        : no
      answering.push({ at: clock.monotonic() + RTT_MS, answer: () => resolve(outcome) })
    })
  }
  const flight = (n: number): Flight => ({
    identity: { ...ada, userId: `user ${n}`, sessionId: `${n}`, refreshToken: `token ${n}` },
    origin: 'https://chat.example',
    ask: { resend: 'afterBearerEnds', isSpent: true, known: null },
    send,
  })
  for (let at = 0; at < seconds * 1_000; at += STEP_MS) {
    for (let n = 0; n < sessions; n++) {
      if ((due[n] as number) > at || done.has(n) || flying.has(n)) continue
      flying.add(n)
      const coordinator = coordinators[Math.floor(random() * processes)] as Pick<Coordinator, 'run'>
      void coordinator.run(flight(n)).then((outcome) => {
        flying.delete(n)
        if (outcome.kind === 'ok') {
          served++
          done.add(n)
          return
        }
        const held = 'retryAfterMs' in outcome ? (outcome.retryAfterMs ?? 0) : 0
        const doubted = outcome.kind === 'unknown' ? (outcome.doubt?.waitMs ?? 0) : 0
        due[n] = clock.monotonic() + Math.max(held * (1 + random() / 10), doubted, 500)
      })
    }
    clock.advance(STEP_MS)
    for (let i = answering.length - 1; i >= 0; i--)
      if ((answering[i] as (typeof answering)[0]).at <= clock.monotonic()) answering.splice(i, 1)[0]?.answer()
    // Whoever waits for an answer goes on.
    for (let turns = 0; turns < 8 * processes ** 3; turns++) await Promise.resolve()
  }
  return { sends, served, most: Math.max(...perSecond.values()) }
}

test.each(Object.entries(answers))(
  'U61: a herd at a limit that answers %s costs 1.1 sends a success',
  async (_, no) => {
    const { sends, served, most } = await herd(10_000, no, 120)
    expect(sends / served).toBeLessThanOrEqual(1.1)
    // And the backend is used, not spared.
    expect(served).toBeGreaterThan(0.6 * 120 * ALLOWED)
    expect(most).toBeLessThanOrEqual(1.3 * ALLOWED)
  },
)

test.each(Object.entries(answers))(
  'U61: so does one that comes to two processes with a store in common, where it is answered %s',
  async (_, no) => {
    const { sends, served, most } = await herd(10_000, no, 120, 2)
    expect(sends / served).toBeLessThanOrEqual(1.1)
    expect(served).toBeGreaterThan(0.6 * 120 * ALLOWED)
    expect(most).toBeLessThanOrEqual(1.3 * ALLOWED)
  },
)

test('U61: what few sessions need is sent at once, whatever was answered 503', async () => {
  const { sends, served } = await herd(
    20,
    { kind: 'unknown', cause: 'status', answered: false, overloaded: true },
    90,
  )
  expect([sends, served]).toEqual([20, 20])
})
