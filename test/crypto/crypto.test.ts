import { createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import * as node from '../../src/platform/crypto.node.ts'
import * as web from '../../src/platform/crypto.ts'

const platforms = [
  ['WebCrypto', web],
  ["Node's own", node],
] as const
const key = new Uint8Array(32).fill(7)
const text = `äöü 🔑 ${'x'.repeat(2_000)}`

describe('both platforms agree', () => {
  test.each([
    ['WebCrypto', web, node],
    ["Node's own", node, web],
  ] as const)('what %s sealed, the other opens', async (_, here, there) => {
    expect(await there.unseal(key, await here.seal(key, text, 'a'), 'a')).toBe(text)
  })

  test('on MACs and derived keys', async () => {
    expect(await web.mac(key, text)).toBe(node.mac(key, text))
    expect(await web.deriveKey(text, 'p')).toEqual(node.deriveKey(text, 'p'))
    // RFC 4231, test case 2.
    expect(node.mac(new TextEncoder().encode('Jefe'), 'what do ya want for nothing?')).toBe(
      Buffer.from('5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843', 'hex').toString(
        'base64url',
      ),
    )
  })
})

test('the MAC is HMAC-SHA-256 for keys and texts of any length', () => {
  for (const length of [0, 1, 32, 63, 64, 65, 200]) {
    const key = new Uint8Array(length).fill(0xa5)
    for (const text of [
      '',
      'a',
      'ä🔑'.repeat(99),
      'x'.repeat(2_048),
      'x'.repeat(2_049),
      '漢'.repeat(2_048),
      '',
    ]) {
      expect(node.mac(key, text)).toBe(createHmac('sha256', key).update(text).digest('base64url'))
    }
  }
})

describe.each(platforms)('%s', (_, { seal, unseal, deriveKey }) => {
  test('two seals of one text differ', async () => {
    expect(await seal(key, text, 'a')).not.toBe(await seal(key, text, 'a'))
  })

  test('an empty text is a text, and a byte order mark a part of one', async () => {
    expect(await unseal(key, await seal(key, '\ufeffa', ''), '')).toBe('\ufeffa')
    expect(await unseal(key, await seal(key, '', ''), '')).toBe('')
  })

  test('another context or key opens nothing', async () => {
    const sealed = await seal(key, text, 'a')
    expect(await unseal(key, sealed, 'b')).toBeUndefined()
    expect(await unseal(new Uint8Array(32), sealed, 'a')).toBeUndefined()
  })

  test.each(['', 'AAAA', 'A'.repeat(37), '=', 'ä', 'a b', ' ', '\0'])('%j is no seal', async (sealed) => {
    expect(await unseal(key, sealed, 'a')).toBeUndefined()
  })

  test('what is no base64url is no seal, even where its bytes are', async () => {
    const sealed = await seal(key, 'text', 'a')
    for (const changed of [`${sealed}=`, `${sealed}\n`, ` ${sealed}`, sealed.replace(/^./, '$&\n')]) {
      expect(await unseal(key, changed, 'a')).toBeUndefined()
    }
  })

  test('purposes have keys of their own', async () => {
    expect(await deriveKey('secret', 'a')).not.toEqual(await deriveKey('secret', 'b'))
  })
})
