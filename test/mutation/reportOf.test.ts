import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { explained } from './explained.ts'
import { reportOf } from './reportOf.ts'

/** A report on one file, whose every line is a mutant. */
function reported(
  file: string,
  code: string,
  mutants: readonly { status: string; replacement: string }[],
  sample?: object,
) {
  const folder = mkdtempSync(join(tmpdir(), 'report-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'room.json')
  const found = mutants.map((mutant, index) => ({
    ...mutant,
    location: { start: { line: index + 1, column: 1 }, end: { line: index + 1, column: code.length + 1 } },
  }))
  const source = mutants.map(() => code).join('\n')
  writeFileSync(path, JSON.stringify({ files: { [file]: { source, mutants: found } }, sample }))
  return reportOf('room', path)
}

const all = explained.flatMap(({ mutants }) => mutants)

test('a mutant that survives is listed, with its place', () => {
  const statuses = ['Killed', 'Timeout', 'RuntimeError', 'Ignored', 'CompileError', 'Survived', 'NoCoverage']
  const report = reported(
    'a.ts',
    'x > 0',
    statuses.map((status) => ({ status, replacement: 'x >= 0' })),
  )
  expect(report).toMatchObject({ noticed: 3, tried: 5, open: 2 })
  expect(report.lines).toEqual([
    'a.ts:6:1  x > 0  ->  x >= 0',
    'a.ts:7:1  x > 0  ->  x >= 0',
    'room: 60.0 % of 5 mutants noticed; of the others 0 are explained, 2 are not',
  ])
})

test('a sample says of how many', () => {
  const [killed] = all
  const { file, code, put } = killed as (typeof all)[number]
  const { lines } = reported(file, code, [{ status: 'Killed', replacement: put }], { of: 900, seed: 1 })
  expect(lines).toEqual([
    'room: 100.0 % of 1 mutants (a sample of 900, seed 1) noticed; of the others 0 are explained, 0 are not',
  ])
})

test.each([
  ['as often as it says', 0],
  ['but not once more', 1],
])('an explanation excuses %s', (_, more) => {
  const [one] = all.filter(({ places = 1 }) => places > 1)
  const { file, code, put, places = 1 } = one as (typeof all)[number]
  const mutants = Array.from({ length: places + more }, () => ({ status: 'Survived', replacement: put }))
  const { lines, open, survivors } = reported(file, code, mutants)
  expect([open, lines.filter((line) => line.startsWith(file))]).toEqual([
    more,
    more === 0 ? [] : [`${file}:${places + 1}:1  ${code}  ->  ${put}`],
  ])
  expect(survivors.filter(({ kind }) => kind !== undefined)).toHaveLength(places)
})

test('an explanation in vain is told', () => {
  const [one] = all
  const { file, code, put } = one as (typeof all)[number]
  const { lines } = reported(file, code, [{ status: 'Killed', replacement: put }])
  expect(lines).toContain(`explained in vain: ${file}  ${code}  ->  ${put}`)
})
