import { expect, test } from 'vitest'
import { describeCoverage, modelTransitions, sumCoverage } from 'xstate-session/testing'
import { chartSuite, mockSuite, referenceSuite } from './drivers.ts'

const chart = chartSuite()
const overBackends = [mockSuite(), referenceSuite()]

test.each(chart.paths)('the chart with ports of its own: $name', ({ run }) => run())

// What each suite plans it walks, or its own tests are red.
test('together the drivers walk every row of the chart', () => {
  const sum = sumCoverage(chart.planned(), ...overBackends.map((suite) => suite.planned()))
  expect(Object.keys(sum.transitions).sort()).toEqual(modelTransitions().sort())
  expect(sum.unreachable).toEqual({})
  console.info(describeCoverage(sum))
})
