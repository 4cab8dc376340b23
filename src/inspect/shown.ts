/**
 * What may be shown of an object: for each name a check of the value, or a table for the object in it. A name that ends
 * with `?` may be missing.
 */
export interface Shown {
  readonly [name: string]: ((value: unknown) => boolean) | Shown
}

/**
 * A copy of the permitted parts of `value`: names that are not in `table`, and values that fail their check, are left
 * out.
 */
export function shown(value: unknown, table: Shown): Record<string, unknown> {
  const copy: Record<string, unknown> = {}
  if (typeof value !== 'object' || value === null) return copy
  for (const [entry, check] of Object.entries(table)) {
    const name = nameOf(entry)
    const part = (value as Record<string, unknown>)[name]
    if (typeof check !== 'function') {
      if (typeof part === 'object') copy[name] = part && shown(part, check)
    } else if (check(part)) copy[name] = part
  }
  return copy
}

/** The name of a table's entry. */
export const nameOf = (entry: string) => entry.replace('?', '')

/** Counts, spans and instants. `Infinity`, which means never or unknown, has no JSON form and is left out. */
export const number = (value: unknown) => Number.isFinite(value)

export const flag = (value: unknown) => typeof value === 'boolean'

/** Any text. */
export const text = (value: unknown) => typeof value === 'string'

/** One of these words. They are written as an object, so that the compiler reports a missing one. */
export const wordOf = (words: Readonly<Record<string, true>>) => (value: unknown) =>
  typeof value === 'string' && Object.hasOwn(words, value)
