import type { Finding } from '../base/finding.ts'

/** What a server's store holds under one key. */
export interface StoredEntry {
  /** Sealed by the server; means nothing to a store. */
  readonly value: string
  /** Counts the writes of this key; the first is 1. */
  readonly revision: number
}

/** What a server asks its store to keep. */
export interface EntryWrite {
  /** Sealed by the server. */
  readonly value: string
  /** From when on the entry may be forgotten; wall clock, milliseconds since the Unix epoch. */
  readonly expiresAt: number
  /** What the entry is found by, hashed by the server; few, each once. `keysOf` finds it. @default none */
  readonly tags?: readonly string[]
  /** The session is over: whoever watches the key is told. @default not */
  readonly isEnd?: true
}

/**
 * Keeps the sessions of a server: a map of text with compare-and-set. Everything that a session means (positions,
 * intents, tombstones, seals) is made of that by the server, so that a store can be small.
 *
 * Every call may reject; the server then holds what it has. A store neither logs nor changes what it is given.
 */
export interface ServerStore {
  /** The newest entry, or `null` where there is none or it has expired. */
  read(key: string): Promise<StoredEntry | null>
  /**
   * Writes `next` only if the entry still has the revision `expected` (`null`: there is none, or it has expired).
   * Resolves to the new revision, or to `null` where it wrote nothing. Atomic, and durable as far as the store is.
   */
  compareAndSet(key: string, expected: number | null, next: EntryWrite): Promise<number | null>
  /** The keys of the entries that were last written with `tag` and have not expired, in no order. */
  keysOf(tag: string): Promise<readonly string[]>
  /**
   * Calls `onChange` when the entry of `key` may have changed in another process, until the answer is called: after a write
   * with `isEnd`, and for `awaitedMs` milliseconds after any write. A hint alone: it may come late, twice or not at all.
   * Never throws. A store without it is looked into from time to time.
   */
  watch?(key: string, onChange: () => void, awaitedMs?: number): () => void
  /**
   * The clock that all processes of this store share; milliseconds since the Unix epoch. May reject. With it, servers without
   * a `coordinator` keep the pace of their refreshes in common: each word of a backend's limiter holds all of them, in an
   * entry for each backend, whose value is not sealed and tells nothing of any session. Without it each process paces itself.
   */
  now?(): Promise<number>
  /** What of its own settings `server.check()` tells. May reject. A store without it is written and read alone. */
  check?(): Promise<readonly Finding[]>
}
