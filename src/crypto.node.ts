import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomFillSync } from 'node:crypto'

/** AES-256-GCM: nonce (12 bytes), ciphertext and tag in one, base64url. `context` is authenticated, not kept. */
export function seal(key: Uint8Array<ArrayBuffer>, plain: string, context: string): string {
  const nonce = randomFillSync(new Uint8Array(12))
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(context))
  const sealed = [nonce, cipher.update(plain, 'utf8'), cipher.final(), cipher.getAuthTag()]
  return Buffer.concat(sealed).toString('base64url')
}

/** `undefined` for anything that was not sealed with this key and context. */
export function unseal(key: Uint8Array<ArrayBuffer>, sealed: string, context: string): string | undefined {
  if (!canonical.test(sealed)) return undefined
  try {
    const all = Buffer.from(sealed, 'base64url')
    const decipher = createDecipheriv('aes-256-gcm', key, all.subarray(0, 12), { authTagLength: 16 })
      .setAAD(Buffer.from(context))
      .setAuthTag(all.subarray(-16))
    const plain = Buffer.concat([decipher.update(all.subarray(12, -16)), decipher.final()])
    return new TextDecoder('utf-8', { fatal: true }).decode(plain)
  } catch {
    return undefined
  }
}

/** base64url whose unused bits are zero: no two texts for the same bytes. */
const canonical = /^(?:[\w-]{4})*(?:[\w-][AQgw]|[\w-]{2}[AEIMQUYcgkosw048])?$/

/** HMAC-SHA-256, base64url: 43 characters. */
export const mac = (key: Uint8Array<ArrayBuffer>, text: string): string =>
  createHmac('sha256', key).update(text).digest('base64url')

/** 32 bytes for one purpose out of a secret of any length (HKDF, RFC 5869, without salt). */
export const deriveKey = (secret: string, purpose: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(hkdfSync('sha256', secret, '', purpose, 32))
