import type { Finding } from '../base/finding.ts'

/** The entry of a server's store under one key. */
export interface StoredEntry {
  /** Sealed by the server; the store cannot read it. */
  readonly value: string
  /** Counts the writes of this key; the first is 1. */
  readonly revision: number
}

/** An entry that a server asks its store to keep. */
export interface EntryWrite {
  /** Sealed by the server. */
  readonly value: string
  /** When the store may delete the entry; wall clock, milliseconds since the Unix epoch. */
  readonly expiresAt: number
  /** The tags of the entry, hashed by the server; few, each once. `keysOf` finds the entry by them. @default none */
  readonly tags?: readonly string[]
  /** The session is over: watchers of the key are told. @default false */
  readonly isEnd?: true
}

/**
 * Keeps the sessions of a server: a map of text with compare-and-set. The server makes everything else of that
 * (positions, intents, tombstones, seals), so a store can be small.
 *
 * Every call may reject; the server then keeps its present state. A store must not log or change its entries.
 */
export interface ServerStore {
  /** The newest entry, or `null` if there is none or it has expired. */
  read(key: string): Promise<StoredEntry | null>
  /**
   * Writes `next` only if the entry still has the revision `expected` (`null`: there is none, or it has expired).
   * Resolves to the new revision, or to `null` if it wrote nothing. Atomic, and durable as far as the store is.
   */
  compareAndSet(key: string, expected: number | null, next: EntryWrite): Promise<number | null>
  /** The keys of the entries whose last write had `tag` and that have not expired, in any order. */
  keysOf(tag: string): Promise<readonly string[]>
  /**
   * Calls `onChange` when the entry of `key` may have changed in another process, until the returned function is
   * called: after a write with `isEnd`, and for `awaitedMs` milliseconds after any write. It is only a hint: it may
   * come late, twice or not at all. Never throws. Without it the server reads the entry from time to time.
   */
  watch?(key: string, onChange: () => void, awaitedMs?: number): () => void
  /**
   * The clock that all processes of this store share; milliseconds since the Unix epoch. May reject. With it, servers
   * without a `coordinator` share the pace of their refreshes: each answer of a backend's limiter holds all of them.
   * The pace is in an entry for each backend; its value is not sealed and reveals nothing of any session. Without it
   * each process has its own pace.
   */
  now?(): Promise<number>
  /** The store's own findings for `server.check()`. May reject. Without it the server only tests a write and a read. */
  check?(): Promise<readonly Finding[]>
}
