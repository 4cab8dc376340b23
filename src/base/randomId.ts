/** The form of a `randomId`: a text of another form is not looked up. */
export const RANDOM_ID = /^[\w-]{43}$/

/** 256 random bits in base64url, 43 characters. */
export function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(32))
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
}
