import { stripVTControlCharacters } from 'node:util'
import { expect, test } from 'vitest'
import { causeOf } from '../../examples/demo/causes.ts'
import { same } from '../../examples/demo/evidence.ts'
import { scenes } from '../../examples/demo/scenes.ts'
import { isAsExpected, printSummary } from '../../examples/demo/summary.ts'
import { createTimeline } from '../../examples/demo/timeline.ts'
import { facts } from './story.ts'

function printer() {
  const printed: string[] = []
  return { printed, write: (line = '') => printed.push(stripVTControlCharacters(line)) }
}

test('the timeline fits into 100 columns, and its columns are aligned', () => {
  const { printed, write } = printer()
  const timeline = createTimeline(write, () => 0)
  for (const { name, intro } of scenes) timeline.scene(name, intro)
  const row = {
    facts: facts({ state: 'nearingExpiry', version: 1000 }),
    served: 100_000,
    requests: 999,
    refreshes: 99,
  }
  const from = { from: 'retrying', to: 'refreshing', isInDoubt: true } as const
  for (const event of [
    { type: 'session.renewed' },
    { type: 'refresh.asked', by: 'caller' },
    { type: 'refresh.refused' },
    { type: 'refresh.unknown' },
    { type: 'refresh.rejected', reason: 'identityMismatch' },
    { type: 'time.checked' },
  ])
    timeline.row({ ...row, who: 'Olga openid', cause: causeOf(event, from) })
  expect(Math.max(...printed.map(({ length }) => length))).toBeLessThanOrEqual(100)
  const rows = printed.filter((line) => line.includes('Olga openid'))
  expect(new Set(rows.map(({ length }) => length)).size).toBe(1)
})

test('the summary says which check differs, and only a tour without any is as expected', () => {
  const fine = { scene: 'One', checks: [same('state', 'active', 'active')] }
  const wrong = { scene: 'Two', checks: [same('state', 'active', 'expired')] }
  expect(isAsExpected([fine])).toBe(true)
  expect(isAsExpected([fine, wrong])).toBe(false)
  expect(isAsExpected([fine, { scene: 'Two', checks: [] }])).toBe(false)
  expect(isAsExpected([])).toBe(false)

  const { printed, write } = printer()
  printSummary({ line: write }, [fine, wrong])
  expect(printed.filter((line) => line.endsWith('NO'))).toEqual([
    expect.stringMatching(/state +active +expired +NO/),
  ])
  expect(printed.at(-1)).toBe('1 of 2 checks differ.')
})
