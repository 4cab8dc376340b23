import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { explained } from './explained.ts'
import { reportOf } from './reportOf.ts'

/** A report on one file, whose every line is a mutant. */
function reported(file: string, code: string, mutants: readonly { status: string; replacement: string }[]) {
  const folder = mkdtempSync(join(tmpdir(), 'report-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'room.json')
  const found = mutants.map((mutant, index) => ({
    ...mutant,
    location: { start: { line: index + 1, column: 1 }, end: { line: index + 1, column: code.length + 1 } },
  }))
  const source = mutants.map(() => code).join('\n')
  writeFileSync(path, JSON.stringify({ files: { [file]: { source, mutants: found } } }))
  return reportOf('room', path)
}

test('a mutant that survives is listed, with its place, and makes the report a bad one', () => {
  const statuses = ['Killed', 'Timeout', 'RuntimeError', 'Ignored', 'Survived', 'NoCoverage']
  const report = reported(
    'a.ts',
    'x > 0',
    statuses.map((status) => ({ status, replacement: 'x >= 0' })),
  )
  expect(report.isGood).toBe(false)
  expect(report.lines).toEqual([
    'a.ts:5:1  x > 0  ->  x >= 0',
    'a.ts:6:1  x > 0  ->  x >= 0',
    'room: 60.0 % of 5 mutants noticed; of the others 0 are explained, 2 are not',
  ])
})

test.each([
  ['as often as it says', 0, true],
  ['but not once more', 1, false],
])('an explanation excuses %s', (_, more, isGood) => {
  const [one] = explained.filter(({ places = 1 }) => places > 1)
  const { file, code, put, places = 1 } = one as (typeof explained)[number]
  const survivors = Array.from({ length: places + more }, () => ({ status: 'Survived', replacement: put }))
  const report = reported(file, code, survivors)
  expect([report.isGood, report.lines.filter((line) => line.startsWith(file))]).toEqual([
    isGood,
    isGood ? [] : [`${file}:${places + 1}:1  ${code}  ->  ${put}`],
  ])
})

test('an explanation in vain is told', () => {
  const [one] = explained
  const { file, code, put } = one as (typeof explained)[number]
  const { lines } = reported(file, code, [{ status: 'Killed', replacement: put }])
  expect(lines).toContain(`explained in vain: ${file}  ${code}  ->  ${put}`)
})
