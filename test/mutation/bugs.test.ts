import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { bugs as chaosBugs } from '../chaos/bugs.ts'
import { bugs as checkerBugs } from '../checker/bugs.ts'
import { patched } from '../patchSources.ts'
import { bugs as simulationBugs } from '../simulation/bugs.ts'
import { root } from '../vitest.config.ts'
import { bugs } from './bugs.ts'

const textOf = (file: string) => readFileSync(root + file, 'utf8')

test('M1 to M16 are there', () => {
  const kinds = new Set(bugs.map(({ name }) => name.split(' ')[0]))
  expect([...kinds]).toEqual(Array.from({ length: 16 }, (_, index) => `M${index + 1}`))
})

test.each(bugs)(
  '$name has its place in the code, and the documents name what catches it',
  ({ name, ...bug }) => {
    for (const { file } of bug.patches)
      expect(patched(`/${file}`, () => textOf(file), bug.patches)).not.toBe(textOf(file))
    const row =
      textOf('docs/mutation.md')
        .split('\n')
        .find((line) => line.startsWith(`| ${name} |`)) ?? ''
    expect(row).toContain(bug.mistake)
    expect(row).toContain(bug.caughtBy.file)
    expect(row).toContain(bug.caughtBy.test)
  },
)

test.each([
  ...Object.entries(chaosBugs).map(([name, { patches }]) => ({ name: `chaos: ${name}`, patches })),
  ...Object.entries(checkerBugs).map(([name, { patches }]) => ({ name: `checker: ${name}`, patches })),
  ...Object.entries(simulationBugs).map(([name, patches]) => ({ name: `simulation: ${name}`, patches })),
])('$name has its place in the code', ({ patches }) => {
  for (const { file } of patches)
    expect(patched(`/${file}`, () => textOf(file), patches)).not.toBe(textOf(file))
})
