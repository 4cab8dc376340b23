import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { describeCoverage } from 'xstate-session/testing'
import { reference, referenceSuite } from './drivers.ts'

beforeAll(() => reference.open())
afterAll(() => reference.close())

describe('a session against the reference backend and its OpenID provider', () => {
  const suite = referenceSuite()
  test.each(suite.paths)('$name', ({ run }) => run())
  test('walks every row that it can reach', () => {
    expect(suite.walked()).toEqual(suite.planned())
    console.info(`The reference backend\n${describeCoverage(suite.walked())}`)
  })
})
