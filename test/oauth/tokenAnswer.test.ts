import { describe, expect, test } from 'vitest'
import { tokenAnswerOf } from '../../src/oauth/tokenAnswer.ts'

const good = { access_token: 'B1', refresh_token: 'R1', id_token: 'I1', expires_in: 60, token_type: 'Bearer' }
const read = { access_token: 'B1', refresh_token: 'R1', id_token: 'I1', expires_in: 60, isOdd: false }

describe('a token answer', () => {
  test.each(['Bearer', 'bearer', 'BearerToken', '', null, undefined, 7])(
    'of the type %j is a bearer',
    (token_type) => {
      expect(tokenAnswerOf({ ...good, token_type })).toEqual(read)
    },
  )

  test.each(['DPoP', 'pop', 'MAC', 'N_A', ' n_a '])(
    'of the type %j has no bearer, and is odd',
    (token_type) => {
      const { access_token: _, ...rest } = read
      expect(tokenAnswerOf({ ...good, token_type })).toEqual({ ...rest, isOdd: true })
    },
  )

  test.each<[unknown, number | undefined]>([
    [0, 0],
    ['60', 60],
    [1.5, 1.5],
    [-1, undefined],
    ['soon', undefined],
    [null, undefined],
    [undefined, undefined],
  ])('whose `expires_in` is %j lives for %j s', (expires_in, seconds) => {
    const { expires_in: _, ...rest } = read
    expect(tokenAnswerOf({ ...good, expires_in })).toEqual(
      seconds === undefined ? rest : { ...rest, expires_in: seconds },
    )
  })

  test.each(['access_token', 'refresh_token', 'id_token'] as const)(
    'without %s has none, in any spelling',
    (name) => {
      const { [name]: _, ...rest } = read
      for (const absent of ['', null, undefined])
        expect(tokenAnswerOf({ ...good, [name]: absent })).toEqual(rest)
      for (const odd of [7, {}, ['B1'], false])
        expect(tokenAnswerOf({ ...good, [name]: odd })).toEqual({ ...rest, isOdd: true })
    },
  )

  test.each([null, undefined, 'text', 7])('that is %j has nothing', (body) => {
    expect(tokenAnswerOf(body)).toEqual({ isOdd: false })
  })

  test('that is a list has nothing, and is odd', () => {
    expect(tokenAnswerOf([good])).toEqual({ isOdd: true })
  })
})
