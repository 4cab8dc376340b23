import { describe, expect, test } from 'vitest'
import { Misconfigured } from '../../src/base/errors.ts'
import { createKeyring } from '../../src/server/keyring.ts'

const [A, B, C] = ['a', 'b', 'c'].map((letter) => letter.repeat(32)) as [string, string, string]
const plain = JSON.stringify({ refreshToken: 'refresh-token-1', name: 'Ädä 🔑' })

/** Every order of every choice from `items`. */
const orders = (items: readonly string[]): string[][] =>
  items.flatMap((item) => [
    [item],
    ...orders(items.filter((other) => other !== item)).map((rest) => [item, ...rest]),
  ])

describe('createKeyring', () => {
  test('opens what it sealed, for the same context only', async () => {
    const ring = createKeyring([A])
    const text = await ring.seal(plain, 'session 1')
    expect(text).toMatch(/^v1\.[\w-]{8}\.[\w-]+$/)
    expect(text).not.toContain('refresh')
    expect(await ring.unseal(text, 'session 1')).toEqual({ plain, isOld: false })
    expect(await ring.unseal(text, 'session 2')).toEqual({ reason: 'tampered' })
  })

  test('a MAC stays findable after a rotation, and differs by purpose and secret', async () => {
    const [before] = await createKeyring([A]).macs('session id', 'x')
    const after = await createKeyring([B, A]).macs('session id', 'x')
    expect(after).toHaveLength(2)
    expect(after[1]).toBe(before)
    expect(after[0]).not.toBe(before)
    expect((await createKeyring([A]).macs('subject', 'x'))[0]).not.toBe(before)
    expect(before).toMatch(/^[\w-]{43}$/)
  })

  test.each([
    ['no secret', []],
    ['no list', A as never],
    ['a short one', [A, 'b'.repeat(31)]],
    ['no text', [7 as never]],
    ['one twice', [A, B, A]],
  ])('refuses %s, without saying it', (_, secrets: readonly string[]) => {
    let thrown: unknown
    try {
      createKeyring(secrets)
    } catch (error) {
      thrown = error
    }
    expect(thrown).toBeInstanceOf(Misconfigured)
    expect(String(thrown)).toMatch(/secrets/)
    expect(String(thrown)).not.toMatch(/aaaa|bbbb/)
  })

  test('S4 what was never sealed is told apart, and never thrown at', async () => {
    const ring = createKeyring([A])
    const texts = [
      '',
      'null',
      'true',
      '{}',
      '{"v":1}',
      'v1',
      'v1.',
      'v1..',
      'v1.a',
      'v1.a.b.c',
      'v0.a.b',
      'V1.a.b',
      'v2x.a.b',
      'xv2.a.b',
      'v1234567.a.b',
      '\0',
    ]
    for (const text of texts) expect(await ring.unseal(text, 'x')).toEqual({ reason: 'format' })
    const [, id] = (await ring.seal(plain, 'x')).split('.')
    expect(await ring.unseal(`v1.${id}.`, 'x')).toEqual({ reason: 'tampered' })
  })

  test('S5 a seal that was changed anywhere, cut short or extended opens nothing', async () => {
    const ring = createKeyring([A])
    const text = await ring.seal(plain, 'x')
    for (let i = 0; i < text.length; i++) {
      for (const other of new Set([
        String.fromCharCode(text.charCodeAt(i) ^ 1),
        String.fromCharCode(text.charCodeAt(i) ^ 2),
        'A',
        '_',
        '.',
      ])) {
        if (other === text[i]) continue
        const changed = text.slice(0, i) + other + text.slice(i + 1)
        expect(await ring.unseal(changed, 'x'), `character ${i}`).toHaveProperty('reason')
      }
      expect(await ring.unseal(text.slice(0, i), 'x')).toHaveProperty('reason')
    }
    expect(await ring.unseal(`${text}A`, 'x')).toHaveProperty('reason')
    expect(await ring.unseal(`${text}=`, 'x')).toHaveProperty('reason')
  })

  test('S5 every byte of a seal counts', async () => {
    const ring = createKeyring([A])
    const [version, id, sealed = ''] = (await ring.seal(plain, 'x')).split('.')
    const bytes = Buffer.from(sealed, 'base64url')
    for (let i = 0; i < bytes.length; i++) {
      for (let bit = 1; bit < 256; bit <<= 1) {
        const changed = Buffer.from(bytes)
        changed[i] = (changed[i] ?? 0) ^ bit
        const text = `${version}.${id}.${changed.toString('base64url')}`
        expect(await ring.unseal(text, 'x')).toEqual({ reason: 'tampered' })
      }
    }
  })

  test('S7 what a later release sealed is told apart, so that it is left alone', async () => {
    const ring = createKeyring([A])
    const text = await ring.seal(plain, 'x')
    for (const version of ['v2', 'v17'])
      expect(await ring.unseal(text.replace('v1', version), 'x')).toEqual({ reason: 'newer' })
    expect(await ring.unseal('v2.something.quite.else', 'x')).toEqual({ reason: 'newer' })
  })

  test('S13 without the secret a seal opens nothing, and no error comes of it', async () => {
    const text = await createKeyring([A]).seal(plain, 'x')
    expect(await createKeyring([B, C]).unseal(text, 'x')).toEqual({ reason: 'unknownKey' })
  })

  test('S14 in any order of the secrets every ring that has one opens what it sealed', async () => {
    const rings = orders([A, B, C]).map((secrets) => ({ secrets, ring: createKeyring(secrets) }))
    expect(rings).toHaveLength(15)
    for (const writer of rings) {
      const text = await writer.ring.seal(plain, 'x')
      for (const reader of rings) {
        const newest = writer.secrets[0] as string
        expect(await reader.ring.unseal(text, 'x')).toEqual(
          reader.secrets.includes(newest)
            ? { plain, isOld: reader.secrets[0] !== newest }
            : { reason: 'unknownKey' },
        )
      }
    }
  })

  test('S14 a rotation in two steps: at no time does a server meet a seal that it cannot open', async () => {
    // Half of the servers are always one step behind.
    const steps = [[A], [A, B], [B, A], [B]].map((secrets) => createKeyring(secrets))
    for (let step = 1; step < steps.length; step++) {
      const [behind, ahead] = steps.slice(step - 1, step + 1) as [(typeof steps)[0], (typeof steps)[0]]
      if (!behind || !ahead) throw new Error('no such step')
      for (const [writer, reader] of [
        [behind, ahead],
        [ahead, behind],
      ] as const) {
        const opened = await reader.unseal(await writer.seal(plain, 'x'), 'x')
        expect(opened).toMatchObject({ plain })
        const [written] = await writer.macs('session id', 'id')
        expect(await reader.macs('session id', 'id')).toContain(written)
      }
    }
    // In one step it would: that is why there are two.
    expect(await createKeyring([A]).unseal(await createKeyring([B, A]).seal(plain, 'x'), 'x')).toEqual({
      reason: 'unknownKey',
    })
  })
})
