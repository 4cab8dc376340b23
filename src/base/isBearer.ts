const BEARER = /^[\x21-\x7e]{1,16384}$/

/** Visible ASCII, at most 16 KiB: a header can carry this. */
export const isBearer = (value: unknown): value is string => typeof value === 'string' && BEARER.test(value)
