import { expect, test, vi } from 'vitest'
import { openidStrategy } from '../../src/librechat/openidStrategy.ts'
import { attempt } from '../strategies/attempt.ts'

vi.mock('#browser', () => import('../../src/platform/inBrowser.ts'))

const json = { headers: { 'content-type': 'application/json' } }
const refresh = (answer: Response, signal = new AbortController().signal) =>
  openidStrategy().refresh(attempt({ fetch: async () => answer, signal }))

test.each([
  ['whole, is used', JSON.stringify({ token: 'T2', refreshToken: 'R2' }), { kind: 'ok', bearer: 'T2' }],
  ['missing, proves nothing', null, { kind: 'unknown', cause: 'content' }],
  ['above the bound, proves nothing', 'x'.repeat(1_048_577), { kind: 'unknown', cause: 'size' }],
  [
    'broken, proves nothing',
    new ReadableStream({ pull: () => Promise.reject(new Error('reset')) }),
    { cause: 'network' },
  ],
])('U43: a body in a page built for browsers: %s', async (_, body, outcome) => {
  expect(await refresh(new Response(body, json))).toMatchObject(outcome)
})

test('U43: one that does not end waits for the deadline only', async () => {
  const controller = new AbortController()
  const hanging = refresh(new Response(new ReadableStream(), json), controller.signal)
  await Promise.resolve()
  controller.abort()
  expect(await hanging).toMatchObject({ kind: 'unknown', cause: 'timeout' })
})

test('U43: one that breaks after the deadline is no unhandled rejection', async () => {
  const controller = new AbortController()
  const body = new ReadableStream({ start: (stream) => stream.error(new Error('reset')) })
  const answer = new Response(body, json)
  const { arrayBuffer } = answer
  answer.arrayBuffer = () => {
    controller.abort()
    return arrayBuffer.call(answer)
  }
  expect(await refresh(answer, controller.signal)).toMatchObject({ kind: 'unknown', cause: 'timeout' })
  await new Promise((resolve) => setImmediate(resolve))
})
