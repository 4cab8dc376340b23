/**
 * The instant that stands for "never" and "unknown": the last that a `Date` can hold. It is finite, so that facts
 * survive JSON, which writes `Infinity` as `null`. No timer is armed for it.
 */
export const NEVER = 8.64e15

/** `ms` after `at`; `NEVER` if that is beyond the range of a `Date`, or no number. */
export function after(at: number, ms: number): number {
  const instant = at + ms
  return instant < NEVER ? instant : NEVER
}

/**
 * An instant or a span in the form of facts: `Infinity`, `null` (what JSON makes of `Infinity`) and invalid values
 * become `NEVER`.
 */
export const finite = (value: number | null | undefined): number =>
  typeof value === 'number' && value < NEVER ? value : NEVER
