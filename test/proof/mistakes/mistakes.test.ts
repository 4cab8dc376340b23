import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { faults } from '../../faults.ts'
import { patched } from '../../patchSources.ts'
import { root } from '../../vitest.config.ts'
import type { Layer } from './mistake.ts'
import { mistakes, patchesOf, rooms, seenBy } from './mistakes.ts'

const textOf = (file: string) => readFileSync(root + file, 'utf8')

test('M1 to M16 are there', () => {
  const kinds = new Set(seenBy('tests').map(({ seen }) => Number(seen.kind.slice(1))))
  expect([...kinds].sort((a, b) => a - b)).toEqual(Array.from({ length: 16 }, (_, index) => index + 1))
})

test('no mistake stands twice, by name or by what it puts into the sources', () => {
  const all = Object.values(rooms).flatMap((room) => Object.entries(room))
  expect(new Set(all.map(([name]) => name)).size).toBe(all.length)
  expect(new Set(all.map(([, { patches }]) => JSON.stringify(patches))).size).toBe(all.length)
})

test.each(Object.entries(mistakes))('%s breaks what the list of faults knows', (_, { breaks }) => {
  expect(breaks.length).toBeGreaterThan(0)
  for (const row of breaks) expect(faults).toHaveProperty(row)
})

/** The page that says what a layer makes of each mistake. */
const pages: Readonly<Record<Layer, string>> = {
  tests: 'docs/mutation.md',
  checker: 'docs/proof.md',
  simulation: 'docs/simulation.md',
  chaos: 'docs/chaos.md',
}

describe.each(Object.entries(pages) as [Layer, string][])('what %s must see', (layer, page) => {
  test.each(seenBy(layer))('$name has its place in the code, and a row in the page', ({ name }) => {
    const patches = patchesOf(name, layer)
    for (const { file } of patches)
      expect(patched(`/${file}`, () => textOf(file), patches)).not.toBe(textOf(file))
    expect(textOf(page)).toMatch(new RegExp(`^\\|(?: M\\d+ \\|)? \`${name}\`.* \\|`, 'm'))
  })

  test('the page has no row of another', () => {
    const names = [...textOf(page).matchAll(/^\|(?: M\d+ \|)? `(\w+)`/gm)].map(([, name]) => name)
    expect(names.filter((name) => name !== undefined && Object.hasOwn(mistakes, name)).sort()).toEqual(
      seenBy(layer)
        .map(({ name }) => name)
        .sort(),
    )
  })
})

test.each(seenBy('tests'))('the page names what catches $name', ({ name, about, seen }) => {
  const row =
    textOf('docs/mutation.md')
      .split('\n')
      .find((line) => line.startsWith(`| ${seen.kind} | \`${name}\` |`)) ?? ''
  expect(row).toContain(about)
  expect(row).toContain(seen.file)
  expect(row).toContain(seen.test)
})
