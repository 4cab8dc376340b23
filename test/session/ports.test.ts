import { getEventListeners } from 'node:events'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { systemClock } from '../../src/base/clock.ts'
import { orAborted } from '../../src/base/orAborted.ts'
import { BoundStore } from '../../src/session/boundStore.ts'
import { fakeClock } from '../fakeClock.ts'
import { flush, outcomeOf } from './fixture.ts'

const never = () => new Promise<never>(() => {})

describe('a store', () => {
  test('that does not answer within 5 s has failed', async () => {
    const clock = fakeClock()
    const store = new BoundStore({ read: never, compareAndSet: never }, clock)
    const [read, written] = [outcomeOf(store.read()), outcomeOf(store.compareAndSet(null, {} as never))]
    expect(clock.pending().map(({ kind }) => kind)).toEqual(['foreground', 'foreground'])
    clock.advance(4_999)
    await flush()
    expect([read.isSettled, written.isSettled]).toEqual([false, false])
    clock.advance(1)
    await flush()
    for (const { error } of [read, written]) expect(String(error)).toContain('did not answer in time')
    expect(clock.pending()).toEqual([])
  })

  test('that answers, or fails, leaves no timer', async () => {
    const clock = fakeClock()
    const fail = () => {
      throw new Error('at once')
    }
    const store = new BoundStore({ read: async () => null, compareAndSet: fail }, clock)
    expect(await store.read()).toBeNull()
    await expect(store.compareAndSet(null, {} as never)).rejects.toThrow('at once')
    expect(clock.pending()).toEqual([])
  })
})

describe('the signal of a caller', () => {
  test('that has fired, or fires, ends the wait with its reason, and is left alone then', async () => {
    const before = AbortSignal.abort('before')
    await expect(orAborted(never(), before)).rejects.toBe('before')
    expect(getEventListeners(before, 'abort')).toEqual([])
    const leaving = new AbortController()
    const wait = outcomeOf(orAborted(never(), leaving.signal))
    leaving.abort('later')
    await flush()
    expect(wait.error).toBe('later')
    expect(getEventListeners(leaving.signal, 'abort')).toEqual([])
  })

  test('is left alone once there is an answer', async () => {
    const { signal } = new AbortController()
    expect(await orAborted(Promise.resolve(7), signal)).toBe(7)
    await expect(orAborted(Promise.reject(new Error('no')), signal)).rejects.toThrow('no')
    await flush()
    expect(getEventListeners(signal, 'abort')).toEqual([])
    const promise = Promise.resolve(8)
    expect(orAborted(promise, undefined)).toBe(promise)
  })
})

describe("the platform's clock", () => {
  test('keeps a process alive for a foreground timer, and for no background timer', () => {
    const setTimeout = vi.spyOn(globalThis, 'setTimeout')
    onTestFinished(() => setTimeout.mockRestore())
    const disarms = (['background', 'foreground'] as const).map((kind) =>
      systemClock.setTimer(() => {}, 60_000, kind),
    )
    const timers = setTimeout.mock.results.map(({ value }) => value as NodeJS.Timeout)
    expect(timers.map((timer) => timer.hasRef())).toEqual([false, true])
    for (const disarm of disarms) disarm()
  })

  test('takes the timers of a browser, which are numbers', () => {
    const setTimeout = vi.spyOn(globalThis, 'setTimeout').mockReturnValue(7 as never)
    onTestFinished(() => setTimeout.mockRestore())
    expect(() => systemClock.setTimer(() => {}, 0, 'background')()).not.toThrow()
  })

  test('fires nothing that was disarmed', async () => {
    const fired: string[] = []
    const disarm = systemClock.setTimer(() => fired.push('disarmed'), 0, 'foreground')
    systemClock.setTimer(() => fired.push('armed'), 0, 'foreground')
    disarm()
    await expect.poll(() => fired).toEqual(['armed'])
  })
})
