/** Where the provider's own logout is, for as long as somebody waits to be told. */
export interface EndSessionUrls {
  /** From now on what comes for `key` is kept, until `take`. */
  ask(key: string): void
  put(key: string, url: string): void
  take(key: string): string | undefined
}

/** Sessions end by time and by others too, and a backend may answer late: what nobody waits for is not kept. */
export function createEndSessionUrls(): EndSessionUrls {
  const urls = new Map<string, string | undefined>()
  return {
    ask: (key) => void urls.set(key, undefined),
    put: (key, url) => void (urls.has(key) && urls.set(key, url)),
    take(key) {
      const url = urls.get(key)
      urls.delete(key)
      return url
    },
  }
}
