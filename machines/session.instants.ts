/**
 * The instant that stands for "never" and "unknown": the last that a `Date` can hold. It is finite, so that facts
 * survive JSON, which writes `Infinity` as `null`.
 */
export const NEVER = 8.64e15
