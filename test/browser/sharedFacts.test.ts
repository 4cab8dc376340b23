// @vitest-environment jsdom
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { factsStore } from '../../src/browser/sharedFacts.ts'

const KEY = 'panel.facts'
const facts = { login: 'L1', version: 2, endsAt: 3_000 }

beforeEach(() => localStorage.clear())

function opened() {
  const unavailable = vi.fn()
  return { store: factsStore(KEY, unavailable), unavailable }
}

describe('the facts that tabs share', () => {
  test('come back in every tab, until nobody is logged in', () => {
    const { store, unavailable } = opened()
    const other = opened().store
    expect(store.read()).toBeUndefined()
    store.write(facts)
    expect([store.read(), other.read()]).toEqual([facts, facts])
    other.write(null)
    expect([store.read(), other.read()]).toEqual([undefined, undefined])
    expect(unavailable).not.toHaveBeenCalled()
  })

  test.each([
    ['no JSON', '{'],
    ['null', 'null'],
    ['a number', '7'],
    ['of another version', JSON.stringify({ v: 1, ...facts })],
    ['without a login', JSON.stringify({ v: 2, version: 1, endsAt: 1 })],
    ['of a version that is no number', JSON.stringify({ v: 2, ...facts, version: '2' })],
    ['of an end that is no number', JSON.stringify({ v: 2, ...facts, endsAt: null })],
  ])('are unknown where they are %s', (_, text) => {
    localStorage.setItem(KEY, text)
    expect(opened().store.read()).toBeUndefined()
  })

  test('have no more fields than their own', () => {
    localStorage.setItem(KEY, JSON.stringify({ v: 2, ...facts, token: 'B1' }))
    expect(opened().store.read()).toEqual(facts)
  })
})

test.each([['getItem'], ['setItem']] as const)(
  'S1: where %s of the storage throws, that is told once, and a tab knows its own facts',
  (method) => {
    vi.spyOn(Storage.prototype, method).mockImplementation(() => {
      throw new DOMException('No', 'SecurityError')
    })
    onTestFinished(() => void vi.restoreAllMocks())
    const { store, unavailable } = opened()
    store.write(facts)
    expect([store.read(), store.read()]).toEqual([facts, facts])
    store.write(null)
    expect(store.read()).toBeUndefined()
    expect(unavailable).toHaveBeenCalledOnce()
  },
)

test('only their loss is told, and nothing after the end', () => {
  const gone = vi.fn()
  const stop = opened().store.watch(gone)
  const happen = (init: StorageEventInit) => window.dispatchEvent(new StorageEvent('storage', init))
  happen({ key: KEY, newValue: JSON.stringify({ v: 2, ...facts }) })
  happen({ key: 'another', newValue: null })
  expect(gone).not.toHaveBeenCalled()
  happen({ key: KEY, newValue: null })
  expect(gone).toHaveBeenCalledTimes(1)
  happen({ key: null })
  expect(gone).toHaveBeenCalledTimes(2)
  stop()
  happen({ key: null })
  expect(gone).toHaveBeenCalledTimes(2)
})
