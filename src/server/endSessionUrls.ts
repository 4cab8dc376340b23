/** The address of the provider's own logout, while a logout waits for it. */
export interface EndSessionUrls {
  /** From now on keeps what arrives for `key`, until `take`. */
  ask(key: string): void
  put(key: string, url: string): void
  take(key: string): string | undefined
}

/** Limits and other logins end sessions too, and a backend may answer late. Only awaited addresses are kept. */
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
