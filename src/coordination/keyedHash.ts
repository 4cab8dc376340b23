import { Misconfigured } from '../base/errors.ts'

/**
 * HMAC-SHA-256 by WebCrypto, under a key that only this function knows and nobody can read.
 *
 * @throws {Misconfigured} at once if the platform has no `crypto.subtle`: a page outside a secure context.
 */
export function keyedHash(): (input: string) => Promise<string> {
  const subtle: SubtleCrypto | undefined = globalThis.crypto?.subtle
  if (!subtle) {
    throw new Misconfigured(
      'crypto.subtle is missing: serve the page over HTTPS (or from localhost), or give the option `hash`.',
    )
  }
  let key: Promise<CryptoKey> | undefined
  return async (input) => {
    key ??= subtle.importKey(
      'raw',
      crypto.getRandomValues(new Uint8Array(32)),
      { name: 'HMAC', hash: 'SHA-256' },
      false,
      ['sign'],
    )
    const mac = await subtle.sign('HMAC', await key, new TextEncoder().encode(input))
    return String.fromCharCode(...new Uint8Array(mac))
  }
}
