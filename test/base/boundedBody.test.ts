import { expect, test, vi } from 'vitest'
import { boundedBody } from '../../src/base/boundedBody.ts'
import { fakeClock } from '../fakeClock.ts'

/** A body whose source is in the hands of the test, with the limits on it. */
function bodyUnder(silenceMs: number, ending?: (breakOff: (why: Error) => void) => void) {
  let source: ReadableStreamDefaultController<Uint8Array> | undefined
  const clock = fakeClock()
  const cancelled = vi.fn()
  const letGo = vi.fn()
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      source = controller
    },
    cancel: cancelled,
  })
  const endings = [
    (breakOff: (why: Error) => void) => {
      ending?.(breakOff)
      return letGo
    },
  ]
  const reader = boundedBody(body, { silenceMs, clock, endings }).getReader()
  return { reader, clock, source: () => source, cancelled, letGo }
}

test('what the source sends arrives, each part with the whole time of silence, and the watch ends with the body', async () => {
  const { reader, clock, source, cancelled, letGo } = bodyUnder(1_000)
  expect(clock.pending()).toEqual([])
  for (const byte of [1, 2]) {
    const part = reader.read()
    await vi.waitFor(() => expect(clock.pending()).toEqual([{ inMs: 1_000, kind: 'background' }]))
    clock.advance(999)
    source()?.enqueue(Uint8Array.of(byte))
    expect(await part).toEqual({ done: false, value: Uint8Array.of(byte) })
    expect(clock.pending()).toEqual([])
  }
  expect(letGo).not.toHaveBeenCalled()
  source()?.close()
  expect(await reader.read()).toEqual({ done: true, value: undefined })
  expect(letGo).toHaveBeenCalledOnce()
  expect(cancelled).not.toHaveBeenCalled()
})

test('a silent source breaks the body off, and is cancelled', async () => {
  const { reader, clock, cancelled, letGo } = bodyUnder(1_000)
  const part = expect(reader.read()).rejects.toThrow('The backend sent nothing for 1000 ms.')
  await vi.waitFor(() => expect(clock.pending()).toHaveLength(1))
  clock.advance(1_000)
  await part
  expect(cancelled).toHaveBeenCalledOnce()
  expect(letGo).toHaveBeenCalledOnce()
})

test('a source that fails, and a reader that goes, end the watch', async () => {
  const failing = bodyUnder(1_000)
  const part = expect(failing.reader.read()).rejects.toThrow('gone')
  failing.source()?.error(new Error('gone'))
  await part
  expect(failing.letGo).toHaveBeenCalledOnce()
  expect(failing.clock.pending()).toEqual([])

  const left = bodyUnder(1_000)
  const open = left.reader.read()
  await vi.waitFor(() => expect(left.clock.pending()).toHaveLength(1))
  await left.reader.cancel('enough')
  await open
  expect(left.cancelled).toHaveBeenCalledExactlyOnceWith('enough')
  expect(left.letGo).toHaveBeenCalledOnce()
  expect(left.clock.pending()).toEqual([])
})

test('a limit that is reached at the start breaks off at once, and once', async () => {
  const { reader, clock, letGo } = bodyUnder(1_000, (breakOff) => {
    breakOff(new Error('over'))
    breakOff(new Error('again'))
  })
  await expect(reader.read()).rejects.toThrow('over')
  expect(letGo).toHaveBeenCalledOnce()
  expect(clock.pending()).toEqual([])
})

test('T5: a time that no timer can hold is no limit', async () => {
  const { reader, clock, source } = bodyUnder(2 ** 31)
  const part = reader.read()
  source()?.enqueue(Uint8Array.of(1))
  await part
  expect(clock.pending()).toEqual([])
})
