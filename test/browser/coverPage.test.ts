// @vitest-environment jsdom
import { expect, onTestFinished, test } from 'vitest'
import { coverPage } from '../../src/browser/coverPage.ts'
import { fakeClock } from '../fakeClock.ts'

const flush = () => new Promise((resolve) => setTimeout(resolve))
const move = (type: 'pagehide' | 'pageshow', persisted = true) =>
  window.dispatchEvent(new PageTransitionEvent(type, { persisted }))
const { style } = document.documentElement

/** A page whose user becomes known when the test says so. */
function page() {
  const clock = fakeClock()
  const known: PromiseWithResolvers<void>[] = []
  const stop = coverPage(clock, () => {
    const one = Promise.withResolvers<void>()
    known.push(one)
    return one.promise
  })
  onTestFinished(stop)
  return { clock, known, stop }
}

test('a page is covered from its way into the cache until its user is known, whether that succeeds or not', async () => {
  const { clock, known } = page()
  for (const end of ['resolve', 'reject'] as const) {
    move('pagehide')
    expect([style.visibility, style.opacity, style.getPropertyPriority('opacity')]).toEqual([
      'hidden',
      '0',
      'important',
    ])
    move('pageshow')
    expect(clock.pending()).toEqual([{ inMs: 5_000, kind: 'background' }])
    known.at(-1)?.[end]()
    await flush()
    expect([style.visibility, clock.pending()]).toEqual(['hidden', [{ inMs: 0, kind: 'background' }]])
    clock.advance(0)
    expect([style.visibility, style.opacity, clock.pending()]).toEqual(['', '', []])
  }
})

test('nobody waits longer than five seconds, and of two visits the last counts', async () => {
  const { clock, known } = page()
  move('pagehide')
  move('pageshow')
  clock.advance(4_999)
  move('pagehide')
  expect(clock.pending()).toEqual([])
  move('pageshow')
  known[0]?.resolve()
  await flush()
  clock.advance(4_999)
  expect(style.visibility).toBe('hidden')
  clock.advance(1)
  expect(style.visibility).toBe('')
})

test('a page that is loaded or left for good is not covered, nor is one after the end', async () => {
  const { clock, known, stop } = page()
  move('pagehide', false)
  move('pageshow', false)
  expect([style.visibility, known]).toEqual(['', []])
  move('pagehide')
  move('pageshow')
  stop()
  known[0]?.resolve()
  await flush()
  move('pagehide')
  move('pageshow')
  expect([style.visibility, clock.pending(), known.length]).toEqual(['', [], 1])
})
