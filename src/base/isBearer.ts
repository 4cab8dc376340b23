const BEARER = /^[\x21-\x7e]{1,16384}$/

/** Visible ASCII, at most 16 KiB: what a header can carry. */
export const isBearer = (value: unknown): value is string => typeof value === 'string' && BEARER.test(value)
