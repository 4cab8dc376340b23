import { expect, test, vi } from 'vitest'
import { createSession } from 'xstate-session'
import { BASE_URL, error, stubStrategy } from './fixture.ts'

vi.mock('#development', () => import('../../src/platform/production.ts'))

const { strategy } = stubStrategy()
const create = (more: object) =>
  createSession({ baseUrl: BASE_URL, strategies: { openid: strategy }, ...more } as never)

test.each([
  ['baseUrl', undefined],
  ['baseUrl', 'undefined/api'],
  ['allowedOrigins', ['files.example']],
  ['leadTimeMs', NaN],
  ['idleTimeoutMs', '60'],
])('in production what a configuration may get wrong is refused: %s %j', (name, value) => {
  expect(() => create({ [name]: value })).toThrow(
    expect.objectContaining(error('misconfigured', { message: expect.stringContaining(`"${name}"`) })),
  )
})

test('what development has shown is not checked again', () => {
  expect(() => create({ refresh: 'sometimes' })).not.toThrow()
})
