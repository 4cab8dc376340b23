import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { FlightIdentity } from '../../src/coordination/coordinator.ts'
import { flightText, scopeText } from '../../src/coordination/flightText.ts'
import { ada } from './flights.ts'

const letters = fc.oneof(
  // Few letters, so that neighbours can be cut in many ways; and what encodings trip over.
  fc.string({ unit: fc.constantFrom('a', '|', ':', '1', '-', '"', '\\', '\u0000', '\ud800', '\udfff', 'é') }),
  fc.string({ unit: 'binary' }),
)
const optional = fc.option(letters, { nil: undefined })
const names = ['provider', 'userId', 'tenantId', 'sessionId', 'refreshToken']
const fields = fc.tuple(letters, letters, optional, optional, optional)

function identityOf([provider, userId, tenantId, sessionId, refreshToken]: [
  string,
  string,
  ...(string | undefined)[],
]): FlightIdentity {
  return {
    provider,
    userId,
    ...(tenantId !== undefined && { tenantId }),
    ...(sessionId !== undefined && { sessionId }),
    ...(refreshToken !== undefined && { refreshToken }),
  }
}

const utf8 = (text: string) => Buffer.from(text, 'utf8').toString('hex')

describe('what tells flights apart', () => {
  test('distinct identities never meet, in UTF-8 either (I7, X18)', () => {
    fc.assert(
      fc.property(fields, fields, (a, b) => {
        const same = a.every((value, at) => value === b[at])
        expect(utf8(flightText(identityOf(a))) === utf8(flightText(identityOf(b)))).toBe(same)
      }),
      { numRuns: 2_000 },
    )
  })

  test('moving letters over a border makes another identity (I7, X18)', () => {
    fc.assert(
      fc.property(letters, letters, letters, fc.nat(3), (first, moved, last, at) => {
        fc.pre(moved !== '')
        const neighbours = (left: string, right: string): FlightIdentity => ({
          ...ada,
          ...Object.fromEntries([
            [names[at], left],
            [names[at + 1], right],
          ]),
        })
        expect(flightText(neighbours(first + moved, last))).not.toBe(
          flightText(neighbours(first, moved + last)),
        )
      }),
    )
  })

  test("'a|bc' is not 'ab|c', and absent is not empty (I7, X18)", () => {
    expect(flightText({ provider: 'a', userId: 'bc' })).not.toBe(flightText({ provider: 'ab', userId: 'c' }))
    expect(flightText({ provider: 'a|', userId: 'bc' })).not.toBe(
      flightText({ provider: 'a', userId: '|bc' }),
    )
    expect(flightText({ provider: 'a', userId: 'b', tenantId: '' })).not.toBe(
      flightText({ provider: 'a', userId: 'b' }),
    )
    expect(flightText({ provider: 'a', userId: 'b', tenantId: 'c' })).not.toBe(
      flightText({ provider: 'a', userId: 'b', sessionId: 'c' }),
    )
  })

  test('what UTF-8 cannot write does not become one replacement character (I7, X18)', () => {
    const texts = ['\ud800', '\ud801', '\udc00', '\ufffd', '\\ud800'].map((userId) =>
      utf8(flightText({ provider: 'a', userId })),
    )
    expect(new Set(texts).size).toBe(texts.length)
  })

  test('it is written as ever: processes of two versions share the flights of one Redis', () => {
    const identity = { provider: 'openid', userId: 'a"\ud800', sessionId: '', refreshToken: 'R1' }
    expect(flightText(identity)).toBe('6:openid9:a\\"\\ud800-0:2:R1')
    expect(scopeText(identity)).toBe('6:openid9:a\\"\\ud800-0:')
  })

  test('the scope is the identity without its token', () => {
    const { refreshToken, ...scope } = ada
    expect(scopeText(ada)).toBe(scopeText(scope))
    expect(scopeText(ada)).not.toContain(refreshToken)
  })
})
