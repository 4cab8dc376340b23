import { expect, test } from 'vitest'
import { replayWindow } from '../../src/coordination/replayWindow.ts'
import { fakeClock } from '../fakeClock.ts'

const WINDOW_MS = 1_000

function windowOf(...keys: string[]) {
  const clock = fakeClock()
  clock.advance(500)
  const kept = replayWindow<string>(WINDOW_MS, 2, clock)
  for (const key of keys) kept.set(key, key.toUpperCase())
  return { clock, kept }
}

test('how old an entry is, counts from when it was remembered', () => {
  const { clock, kept } = windowOf('a')
  clock.advance(999)
  expect(kept.get('a')).toEqual({ value: 'A', ageMs: 999 })
})

test('the oldest goes as soon as there is one too many, not when somebody asks', () => {
  const { kept } = windowOf('a', 'b', 'c')
  kept.delete('c')
  expect(kept.entries()).toEqual([['b', 'B']])
})

test('what is too old is not told among the others', () => {
  const { clock, kept } = windowOf('a')
  clock.advance(999)
  kept.set('b', 'B')
  clock.advance(1)
  expect(kept.entries()).toEqual([['b', 'B']])
})

test('what is kept for longer is forgotten when told to, after the window too', () => {
  const { clock, kept } = windowOf()
  kept.set('a', 'A', 5_000)
  clock.advance(WINDOW_MS)
  expect(kept.get('a')).toEqual({ value: 'A', ageMs: WINDOW_MS })
  kept.delete('a')
  expect(kept.get('a')).toBeUndefined()
})

test('an entry that is remembered anew is the newest, and a deleted one makes room', () => {
  const { kept } = windowOf('a', 'b')
  kept.set('a', 'A2')
  kept.set('c', 'C')
  expect(kept.entries()).toEqual([
    ['a', 'A2'],
    ['c', 'C'],
  ])
  kept.delete('a')
  kept.set('d', 'D')
  expect(kept.entries()).toEqual([
    ['c', 'C'],
    ['d', 'D'],
  ])
  kept.delete('c')
  kept.delete('d')
  for (const key of ['e', 'f', 'g']) kept.set(key, key.toUpperCase())
  expect(kept.entries()).toEqual([
    ['f', 'F'],
    ['g', 'G'],
  ])
})
