/**
 * The few primitives that a server needs, by WebCrypto. On Node `#crypto` is `crypto.node.ts`: the same functions,
 * synchronous and much faster. A key is 32 raw bytes.
 */

/** AES-256-GCM: nonce (12 bytes), ciphertext and tag in one, base64url. `context` is authenticated, not kept. */
export async function seal(key: Uint8Array<ArrayBuffer>, plain: string, context: string): Promise<string> {
  const nonce = crypto.getRandomValues(new Uint8Array(12))
  const sealed = await crypto.subtle.encrypt(algorithm(nonce, context), await aes(key), bytes(plain))
  const all = new Uint8Array(12 + sealed.byteLength)
  all.set(nonce)
  all.set(new Uint8Array(sealed), 12)
  return toBase64url(all)
}

/** `undefined` for a text that was not sealed with this key and context. */
export async function unseal(
  key: Uint8Array<ArrayBuffer>,
  sealed: string,
  context: string,
): Promise<string | undefined> {
  try {
    const all = fromBase64url(sealed)
    const plain = await crypto.subtle.decrypt(
      algorithm(all.subarray(0, 12), context),
      await aes(key),
      all.subarray(12),
    )
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(plain)
  } catch {
    return undefined
  }
}

/** HMAC-SHA-256, base64url: 43 characters. */
export async function mac(key: Uint8Array<ArrayBuffer>, text: string): Promise<string> {
  const hmac = await crypto.subtle.importKey('raw', key, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
  return toBase64url(new Uint8Array(await crypto.subtle.sign('HMAC', hmac, bytes(text))))
}

/** Derives 32 bytes for one purpose from a secret of any length (HKDF, RFC 5869, without salt). */
export async function deriveKey(secret: string, purpose: string): Promise<Uint8Array<ArrayBuffer>> {
  const from = await crypto.subtle.importKey('raw', bytes(secret), 'HKDF', false, ['deriveBits'])
  const how = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(0), info: bytes(purpose) }
  return new Uint8Array(await crypto.subtle.deriveBits(how, from, 256))
}

const bytes = (text: string) => new TextEncoder().encode(text)

const aes = (key: Uint8Array<ArrayBuffer>) =>
  crypto.subtle.importKey('raw', key, 'AES-GCM', false, ['encrypt', 'decrypt'])

const algorithm = (iv: Uint8Array<ArrayBuffer>, context: string) => ({
  name: 'AES-GCM',
  iv,
  additionalData: bytes(context),
})

const toBase64url = (all: Uint8Array) =>
  btoa(Array.from(all, (byte) => String.fromCharCode(byte)).join(''))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')

function fromBase64url(text: string): Uint8Array<ArrayBuffer> {
  const all = Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0))
  // Only one spelling is accepted: no character is skipped, and no unused bit is set.
  if (toBase64url(all) !== text) throw new TypeError('not base64url')
  return all
}
