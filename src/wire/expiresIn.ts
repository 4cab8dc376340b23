/** `expires_in`, which some servers write as a text. Anything but digits stays as it came. */
export const expiresInOf = (value: unknown): unknown =>
  typeof value === 'string' && /^\s*\d+(\.\d+)?\s*$/.test(value) ? Number(value) : value
