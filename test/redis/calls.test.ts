import { expect, test } from 'vitest'
import { redisCalls } from '../../src/redis/calls.ts'
import { fakeClock } from '../fakeClock.ts'

/** A client of node-redis whose answers are given by hand. */
function nodeRedis() {
  const timeouts: (number | undefined)[] = []
  const answers: ((answer: unknown) => void)[] = []
  const client = {
    isReady: true,
    duplicate: () => {
      throw new Error('Nobody subscribes.')
    },
    sendCommand(_: string[], options?: { readonly timeout?: number }) {
      timeouts.push(options?.timeout)
      return new Promise((resolve) => answers.push(resolve))
    },
  }
  const clock = fakeClock()
  const { send } = redisCalls({ client, clock, commandTimeoutMs: 500 })
  return { answers, client, clock, send, timeouts }
}

test('a connected node-redis sets no timer of its own; one that is not connected, or slow, drops what waits', async () => {
  const { answers, client, clock, send, timeouts } = nodeRedis()
  const first = send(['PING'])
  answers[0]?.('PONG')
  expect(await first).toBe('PONG')
  client.isReady = false
  void send(['PING']).catch(() => {})
  client.isReady = true
  const late = send(['PING']).catch((error: Error) => error.message)
  clock.advance(500)
  expect(await late).toBe('Redis did not answer within 500 ms.')
  const slow = send(['PING'])
  answers[3]?.('PONG')
  await slow
  void send(['PING']).catch(() => {})
  expect(timeouts).toEqual([0, undefined, 0, undefined, 0])
})
