import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { describeCoverage, modelTransitions, sumCoverage } from 'xstate-session/testing'
import { bffSuite, chartSuite, mockSuite, referenceSuite } from './drivers.ts'

const chart = chartSuite()
const overBackends = [mockSuite(), referenceSuite(), bffSuite()]

const rowsOf = (suite: typeof chart) => Object.keys(suite.planned().transitions).length

test.each(chart.paths)('the chart with ports of its own: $name', ({ run }) => run())

// What each suite plans it walks, or its own tests are red.
test('together the drivers walk every row of the chart', () => {
  const sum = sumCoverage(chart.planned(), ...overBackends.map((suite) => suite.planned()))
  expect(Object.keys(sum.transitions).sort()).toEqual(modelTransitions().sort())
  expect(sum.unreachable).toEqual({})
  console.info(describeCoverage(sum))
})

test('the page about testing tells how many each of them walks', () => {
  const page = readFileSync(new URL('../../docs/testing.md', import.meta.url), 'utf8')
  const told = [...page.matchAll(/^\| [^|]+ \| (\d+) \|/gm)].map(([, rows]) => Number(rows))
  const [mock = 0, reference = 0, bff = 0] = overBackends.map(rowsOf)
  // Behind a server one more than the paths: by a walk of its own.
  expect(told.slice(0, 4)).toEqual([mock, reference, bff + 1, rowsOf(chart)])
})
