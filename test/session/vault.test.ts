import { describe, expect, test } from 'vitest'
import { Vault } from '../../src/session/vault.ts'

const at = (version: number, epoch = 1) => ({ epoch, version })

function opened() {
  const vault = new Vault()
  vault.open(at(1), { bearer: 'B1', refreshToken: 'R1' })
  return vault
}

test('an empty vault is before all epochs', () => {
  const vault = new Vault()
  expect(vault.position()).toEqual(at(0, 0))
  expect(vault.tokens()).toEqual({})
})

describe('a renewal', () => {
  test.each([
    ['of the next version', at(2), true],
    ['of a later one', at(5), true],
    ['of the same one', at(1), false],
    ['of the one before', at(0), false],
    ['of another epoch', at(2, 2), false],
  ])('%s: %o is taken: %s', (_, position, isTaken) => {
    const vault = opened()
    expect(vault.commit(position, { bearer: 'B2', refreshToken: 'R2' })).toBe(isTaken)
    expect(vault.tokens().bearer).toBe(isTaken ? 'B2' : 'B1')
    expect(vault.position()).toEqual(isTaken ? position : at(1))
  })
})

test('its authorization is that of the bearer asked for', () => {
  const vault = opened()
  expect([vault.authorization('B1'), vault.authorization('B1')]).toEqual(['Bearer B1', 'Bearer B1'])
  expect([vault.authorization('B0'), vault.authorization('B00')]).toEqual(['Bearer B0', 'Bearer B00'])
  vault.commit(at(2), { bearer: 'B2' })
  expect([vault.authorization('B2'), vault.authorization('B1')]).toEqual(['Bearer B2', 'Bearer B1'])
  vault.open(at(1, 2), { bearer: 'B3' })
  expect(vault.authorization('B3')).toBe('Bearer B3')
  vault.empty()
  vault.open(at(1, 3), { bearer: 'B4' })
  expect(vault.authorization('B4')).toBe('Bearer B4')
})

describe('an answer is stale', () => {
  test('if it repeats a token that was replaced, and not if it brings what is there or something new', () => {
    const vault = opened()
    vault.commit(at(2), { bearer: 'B2', refreshToken: 'R2' })
    const stale = [{ bearer: 'B1' }, { refreshToken: 'R1' }, { bearer: 'B1', refreshToken: 'R3' }]
    const fresh = [{}, { bearer: 'B2', refreshToken: 'R2' }, { bearer: 'B3', refreshToken: 'R3' }]
    expect(stale.map((tokens) => vault.isStale(tokens))).toEqual([true, true, true])
    expect(fresh.map((tokens) => vault.isStale(tokens))).toEqual([false, false, false])
  })

  test('not where a renewal kept the token', () => {
    const vault = opened()
    vault.commit(at(2), { bearer: 'B2', refreshToken: 'R1' })
    expect(vault.isStale({ bearer: 'B3', refreshToken: 'R1' })).toBe(false)
    vault.commit(at(3), { bearer: 'B2', refreshToken: 'R3' })
    expect(vault.isStale({ bearer: 'B2', refreshToken: 'R4' })).toBe(false)
  })

  test('not for lack of a token, where an older version had none either', () => {
    const vault = new Vault()
    vault.open(at(1), {})
    vault.commit(at(2), { bearer: 'B2', refreshToken: 'R2' })
    expect(vault.isStale({ bearer: 'B3' })).toBe(false)
    expect(vault.isStale({ refreshToken: 'R3' })).toBe(false)
  })

  test('for the last four, and not across a login or the end', () => {
    const vault = opened()
    for (let version = 2; version <= 6; version++)
      vault.commit(at(version), { bearer: `B${version}`, refreshToken: `R${version}` })
    expect(['B1', 'B2', 'B5'].map((bearer) => vault.isStale({ bearer }))).toEqual([false, true, true])
    vault.open(at(1, 2), { bearer: 'B7' })
    expect(vault.isStale({ bearer: 'B5' })).toBe(false)
    vault.commit(at(2, 2), { bearer: 'B8' })
    vault.empty()
    expect(vault.isStale({ bearer: 'B7' })).toBe(false)
  })
})

test('a refresh token that is dropped leaves the bearer alone', () => {
  const vault = opened()
  vault.dropRefreshToken()
  expect(vault.tokens()).toStrictEqual({ bearer: 'B1' })
  vault.open(at(1, 2), { refreshToken: 'R1' })
  vault.dropRefreshToken()
  expect(vault.tokens()).toStrictEqual({})
})

test('the end leaves the position, so that late results recognise it', () => {
  const vault = opened()
  vault.empty()
  expect(vault.tokens()).toEqual({})
  expect(vault.position()).toEqual(at(1))
})
