import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { sampleOf } from './sampleOf.ts'

const code = Array.from(
  { length: 20 },
  (_, n) => `export const f${n} = (a: number) => a > ${n} || a === -${n}\n`,
)

function file(text: string) {
  const folder = mkdtempSync(join(tmpdir(), 'sample-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'a.ts')
  writeFileSync(path, text)
  return path
}

test('the same seed draws the same mutants; a larger sample contains the smaller one', async () => {
  const path = file(code.join(''))
  const [small, large, other] = await Promise.all([
    sampleOf([path], 10, 1),
    sampleOf([path], 30, 1),
    sampleOf([path], 10, 2),
  ])
  expect(small.keys).toEqual(large.keys.slice(0, 10))
  expect(other.keys).not.toEqual(small.keys)
  expect(new Set(large.keys).size).toBe(30)
  expect(small.of).toBe(large.of)
})

test('lines that move change nothing of the sample', async () => {
  const path = file(code.join(''))
  const before = await sampleOf([path], 10, 1)
  writeFileSync(path, `// one line more\n${code.join('')}`)
  const after = await sampleOf([path], 10, 1)
  const moved = (key: string) =>
    key.replace(/:(\d+):(\d+)-(\d+):/, (_, line, column, end) => `:${line - 1}:${column}-${end - 1}:`)
  expect(after.keys.map(moved)).toEqual(before.keys)
})

test('the wording of an error is not drawn', async () => {
  const { keys } = await sampleOf([file("throw new Error('no')\n")], 10, 1)
  expect(keys.map((key) => key.split(' ').at(-1))).toEqual([';'])
})
