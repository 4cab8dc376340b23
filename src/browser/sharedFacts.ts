import type { SharedFacts } from '../bff/page.ts'

export interface FactsStore {
  /** `undefined`: nothing is known, or nobody is logged in. */
  read(): SharedFacts | undefined
  /** `null`: nobody is logged in. */
  write(facts: SharedFacts | null): void
  /** Calls `onGone` when somebody has deleted the facts, until the returned function is called. */
  watch(onGone: () => void): () => void
}

const VERSION = 2

/**
 * The facts in web storage under `key`. A storage that is disabled or full stores nothing, which is reported once to
 * `onUnavailable`. Each tab then asks the server, and knows only its own facts.
 */
export function factsStore(key: string, onUnavailable: () => void): FactsStore {
  let isTold = false
  let own: SharedFacts | undefined
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
    read() {
      const text = attempt((storage) => storage.getItem(key))
      return isTold ? own : parse(text)
    },
    write(facts) {
      own = facts ?? undefined
      attempt((storage) => storage.setItem(key, JSON.stringify({ v: VERSION, ...facts })))
    },
    watch(onGone) {
      const onStorage = (event: StorageEvent) => {
        // `null`: everything was cleared.
        if (event.key === null || (event.key === key && event.newValue === null)) onGone()
      }
      window.addEventListener('storage', onStorage)
      return () => window.removeEventListener('storage', onStorage)
    },
  }
}

function parse(text: string | null | undefined): SharedFacts | undefined {
  const { v, login, version, endsAt } = objectOf(text)
  const isSound = v === VERSION && typeof login === 'string' && [version, endsAt].every(Number.isSafeInteger)
  return isSound ? ({ login, version, endsAt } as SharedFacts) : undefined
}

/** A value that is no JSON object was not written by this package. */
function objectOf(text: string | null | undefined): Record<string, unknown> {
  try {
    return JSON.parse(text ?? '{}') ?? {}
  } catch {
    return {}
  }
}
