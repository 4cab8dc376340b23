import { Readable } from 'node:stream'
import { describe, expect, test, vi } from 'vitest'
import { openidStrategy } from '../../src/librechat/openidStrategy.ts'
import { attempt } from '../strategies/attempt.ts'

const renewal = JSON.stringify({ token: 'T2', refreshToken: 'R2' })

/** An answer of a `fetch` that is not the platform's. */
const answerOf = (more: object) =>
  ({
    ok: true,
    status: 200,
    headers: new Headers({ 'content-type': 'application/json' }),
    redirected: false,
    type: 'default',
    ...more,
  }) as unknown as Response

const refresh = (answer: Response, signal = new AbortController().signal) =>
  openidStrategy().refresh(attempt({ fetch: async () => answer, signal }))

describe('U43: a renewal that an injected fetch brings', () => {
  test.each([
    ['without a stream, as React Native does', { text: async () => renewal }],
    ['with a body of null beside its text', { body: null, text: async () => renewal }],
    ['as a stream of Node, as node-fetch does', { body: Readable.from([Buffer.from(renewal)]) }],
    ['in pieces of text', { body: Readable.from([renewal.slice(0, 9), renewal.slice(9)]) }],
  ])('%s, is used', async (_, more) => {
    expect(await refresh(answerOf(more))).toMatchObject({ kind: 'ok', bearer: 'T2', refreshToken: 'R2' })
  })

  test('is read up to the same bound', async () => {
    const long = 'x'.repeat(1_048_577)
    const stop = vi.fn()
    const body = {
      async *[Symbol.asyncIterator]() {
        try {
          for (;;) yield long
        } finally {
          stop()
        }
      },
    }
    for (const more of [{ text: async () => long }, { body }])
      expect(await refresh(answerOf(more))).toMatchObject({ kind: 'unknown', cause: 'size' })
    await expect.poll(() => stop).toHaveBeenCalledOnce()
  })

  test('and breaks, or hangs until the deadline, proves nothing', async () => {
    const broken = await refresh(answerOf({ text: () => Promise.reject(new Error('reset')) }))
    expect(broken).toMatchObject({ kind: 'unknown', cause: 'network' })
    const controller = new AbortController()
    const hanging = refresh(answerOf({ text: () => new Promise(() => {}) }), controller.signal)
    await Promise.resolve()
    controller.abort()
    expect(await hanging).toMatchObject({ kind: 'unknown', cause: 'timeout' })
  })
})
