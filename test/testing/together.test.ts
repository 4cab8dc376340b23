import { expect, test } from 'vitest'
import { describeCoverage, modelTransitions, sumCoverage } from 'xstate-session/testing'
import { chartSuite, mockSuite } from './drivers.ts'

const chart = chartSuite()

test.each(chart.paths)('the chart with ports of its own: $name', ({ run }) => run())

// What each suite plans it walks, or its own tests are red.
test('together the drivers walk every row of the chart', () => {
  const sum = sumCoverage(chart.planned(), mockSuite().planned())
  expect(Object.keys(sum.transitions).sort()).toEqual(modelTransitions().sort())
  expect(sum.unreachable).toEqual({})
  console.info(describeCoverage(sum))
})
