/** How long an unused entry is remembered. `now` must not go back. */
export interface Remembering {
  readonly now: () => number
  readonly forMs: number
}

/** Remembers the `most` recently used entries; with `remembering`, none for longer than that after its last use. */
export function lastUsed<T>(most: number, remembering?: Remembering) {
  const known = new Map<string, { readonly value: T; readonly at: number }>()

  function put(key: string, value: T, at: number) {
    known.delete(key)
    known.set(key, { value, at })
  }

  /** The entry that was used longest ago comes first. */
  function forget(now: number) {
    const since = now - (remembering?.forMs ?? Infinity)
    for (const [key, { at }] of known) {
      if (known.size <= most && at >= since) return
      known.delete(key)
    }
  }

  return {
    get(key: string): T | undefined {
      const now = remembering?.now() ?? 0
      forget(now)
      const found = known.get(key)
      if (found) put(key, found.value, now)
      return found?.value
    },
    set(key: string, value: T): void {
      const now = remembering?.now() ?? 0
      put(key, value, now)
      forget(now)
    },
  }
}
