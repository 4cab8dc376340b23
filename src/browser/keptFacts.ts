import type { Position } from '../../machines/session.types.ts'

/** How far the session is that a server keeps, for the other tabs of the browser. Nothing of the user, no token. */
export interface StoredFacts extends Position {
  /** When the bearer ends, by this machine's clock; milliseconds since the Unix epoch. */
  readonly endsAt: number
}

export interface KeptFactsStore {
  read(): StoredFacts | undefined
  write(facts: StoredFacts): void
  clear(): void
  /** Calls `onGone` when somebody else has taken the facts away; until the answer is called. */
  watch(onGone: () => void): () => void
}

const VERSION = 1

/**
 * In web storage under `key`. A storage that is disabled or full keeps nothing, which `onUnavailable` is told once:
 * every tab then asks the server.
 */
export function keptFacts(key: string, onUnavailable: () => void): KeptFactsStore {
  let isTold = false
  const attempt = <T>(call: (storage: Storage) => T): T | undefined => {
    try {
      return call(localStorage)
    } catch {
      if (!isTold) onUnavailable()
      isTold = true
      return undefined
    }
  }
  return {
    read: () => parse(attempt((storage) => storage.getItem(key))),
    write: ({ epoch, version, endsAt }) =>
      attempt((storage) => storage.setItem(key, JSON.stringify({ v: VERSION, epoch, version, endsAt }))),
    clear: () => attempt((storage) => storage.removeItem(key)),
    watch(onGone) {
      const onStorage = (event: StorageEvent) => {
        // `null`: all of it was cleared.
        if (event.key === null || (event.key === key && event.newValue === null)) onGone()
      }
      window.addEventListener('storage', onStorage)
      return () => window.removeEventListener('storage', onStorage)
    },
  }
}

function parse(text: string | null | undefined): StoredFacts | undefined {
  const { v, epoch, version, endsAt } = objectOf(text)
  const isSound = v === VERSION && [epoch, version, endsAt].every(Number.isSafeInteger)
  return isSound ? ({ epoch, version, endsAt } as StoredFacts) : undefined
}

/** What is no object in JSON was not written by us. */
function objectOf(text: string | null | undefined): Record<string, unknown> {
  try {
    return JSON.parse(text ?? '{}') ?? {}
  } catch {
    return {}
  }
}
