import { expect, onTestFinished, test } from 'vitest'
import { createLock } from '../../src/browser/lock.ts'
import { fakeClock } from '../fakeClock.ts'
import { locks } from './platform.ts'

/** Puts this in the place of the platform's locks. */
function platform(value: unknown) {
  Object.defineProperty(navigator, 'locks', { value, configurable: true })
  onTestFinished(() => void Reflect.deleteProperty(navigator, 'locks'))
}

test('a task runs alone, and its result comes at once', async () => {
  const used = locks()
  const clock = fakeClock()
  const lock = createLock('name', clock)
  const log: string[] = []
  const run = (name: string) =>
    lock(async () => {
      log.push(`${name} begins, ${used.size} have the lock or want it`)
      await Promise.resolve()
      log.push(`${name} ends`)
      return name
    })
  expect(await Promise.all([run('one'), run('two')])).toEqual(['one', 'two'])
  expect(log).toEqual([
    'one begins, 2 have the lock or want it',
    'one ends',
    'two begins, 1 have the lock or want it',
    'two ends',
  ])
  expect(clock.pending()).toEqual([])
})

test('a task that fails releases the lock, and its error is told', async () => {
  const used = locks()
  const lock = createLock('name', fakeClock())
  await expect(lock(() => Promise.reject(new Error('no')))).rejects.toThrow('no')
  expect(await lock(async () => 'next')).toBe('next')
  expect(used.size).toBe(0)
})

test.each([
  ['none', undefined],
  ['some that refuse', { request: () => Promise.reject(new DOMException('No', 'SecurityError')) }],
  [
    'some that throw',
    {
      request() {
        throw new DOMException('No', 'SecurityError')
      },
    },
  ],
])('where the platform has locks that are %s, a task runs without one', async (_, value) => {
  platform(value)
  const clock = fakeClock()
  expect(await createLock('name', clock)(async () => 'ran')).toBe('ran')
  expect(clock.pending()).toEqual([])
})

test('a task waits for five seconds, then runs without the lock, and wants it no more', async () => {
  const asked: { readonly signal: AbortSignal; readonly grant: () => unknown }[] = []
  platform({
    request: (_: string, { signal }: { signal: AbortSignal }, grant: () => unknown) => {
      asked.push({ signal, grant })
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    },
  })
  const clock = fakeClock()
  let runs = 0
  const running = createLock(
    'name',
    clock,
  )(async () => {
    runs++
    return 'ran'
  })
  clock.advance(4_999)
  expect([runs, asked[0]?.signal.aborted]).toEqual([0, false])
  clock.advance(1)
  expect(await running).toBe('ran')
  expect([runs, asked[0]?.signal.aborted]).toEqual([1, true])
  // A lock that comes all the same is released at once.
  expect(await asked[0]?.grant()).toBeUndefined()
  expect(runs).toBe(1)
})

test('a lock that is stolen does not start its task again', async () => {
  let steal = (_: Error) => {}
  platform({
    request: (_: string, __: unknown, grant: () => Promise<void>) =>
      new Promise((_, reject) => {
        steal = reject
        void grant()
      }),
  })
  let runs = 0
  let end = () => {}
  const running = createLock(
    'name',
    fakeClock(),
  )(async () => {
    runs++
    await new Promise<void>((resolve) => {
      end = resolve
    })
    return 'done'
  })
  steal(new DOMException('Stolen', 'AbortError'))
  await Promise.resolve()
  end()
  expect([await running, runs]).toEqual(['done', 1])
})
