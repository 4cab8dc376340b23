/** Remembers the `most` entries that were used last. */
export function lastUsed<T>(most: number) {
  const known = new Map<string, T>()
  return {
    get(key: string): T | undefined {
      const value = known.get(key)
      if (value === undefined) return undefined
      known.delete(key)
      known.set(key, value)
      return value
    },
    set(key: string, value: T): void {
      known.delete(key)
      known.set(key, value)
      if (known.size > most) known.delete(known.keys().next().value as string)
    },
  }
}
