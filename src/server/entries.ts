import type { Position } from '../../machines/session.types.ts'
import { lastUsed } from '../base/lastUsed.ts'
import { shareRecord } from '../session/sharedRecord.ts'
import type { SessionRecord, SessionStore, StoredSession } from '../stores/store.ts'
import { cookieRecord } from './cookieRecord.ts'
import type { Keyring, Unsealed } from './keyring.ts'
import type { ServerNotice } from './notice.ts'
import type { ServerSettings } from './readServerOptions.ts'
import { recentRecords } from './recentRecords.ts'
import { readServerRecord, type ServerRecord, serverRecordText } from './serverRecord.ts'
import { listOfTags } from './sessionTags.ts'

export interface Opened {
  readonly record: ServerRecord
  readonly revision: number
  /** The store is away. This is its last answer of a moment ago, and good for reads only. */
  readonly isStale?: true
}

/**
 * A record that another process of this server can read: a later release wrote it, or a secret sealed it that is not on
 * this ring. It may be a living session, so it is left alone, and its browser keeps the cookie.
 */
export class OthersRecord extends Error {}

const TRIES = 5
/** Most processes have no more sessions at work at one time. Each takes a few kB. */
const MOST_OPENED = 500
const OPENED_MS = 60_000
/** A late refresh finds the tombstone of its session for at least as long as an attempt may take. */
const TOMBSTONE_MS = 600_000
/** Keep the record this long after its limits, so that the session can still report why it ended. */
const MARGIN_MS = 600_000

const isEnded = (session: StoredSession) => 'ended' in session

/** Reads and writes the records of sessions: sealed, each bound to its own key, every write a compare-and-set. */
export function createEntries(settings: ServerSettings, keyring: Keyring) {
  const { store, clock } = settings
  const notify = (notice: ServerNotice) => settings.observe(notice)
  /** The records of awake sessions: most writes then need no read before. */
  const held = new Map<string, Opened>()
  /** The records of the sealed texts that were read last: an unchanged text is not opened again. */
  const openedTexts = lastUsed<{ readonly text: string; readonly record: ServerRecord }>(MOST_OPENED, {
    now: clock.monotonic,
    forMs: OPENED_MS,
  })
  const recent = recentRecords<Opened>(clock, settings.staleIfErrorMs)

  const fitted = (record: ServerRecord) => (settings.sealedCookies ? cookieRecord(record) : record)

  async function read(key: string): Promise<Opened | undefined> {
    const opened = await readStored(key)
    recent.note(key, opened)
    if (opened && held.has(key)) held.set(key, opened)
    return opened
  }

  /**
   * Like `read`. While the store is away, it returns the last record of a moment ago if the option `staleIfErrorMs`
   * permits it.
   */
  async function readOrRecent(key: string): Promise<Opened | undefined> {
    try {
      return await read(key)
    } catch (error) {
      const opened = recent.of(key)
      if (!opened || isEnded(opened.record.session) || error instanceof OthersRecord) throw error
      return { ...opened, isStale: true }
    }
  }

  async function readStored(key: string): Promise<Opened | undefined> {
    const entry = await told('read', () => store.read(key))
    if (!entry || typeof entry.value !== 'string' || !Number.isSafeInteger(entry.revision)) return undefined
    const known = openedTexts.get(key)
    if (known?.text === entry.value) return { record: known.record, revision: entry.revision }
    const opened = await keyring.unseal(entry.value, contextOf(key))
    if ('reason' in opened && opened.reason !== 'newer')
      notify({ type: 'turnedAway', code: 'seal', session: nameOf(key) })
    const record = recordIn(opened, key)
    if (!record) return undefined
    openedTexts.set(key, { text: entry.value, record })
    return { record, revision: entry.revision }
  }

  /** Resolves to the new revision, or to `null` if another write came first. */
  async function write(record: ServerRecord, expected: number | null): Promise<number | null> {
    const value = await keyring.seal(serverRecordText(record), contextOf(record.key))
    const next = {
      value,
      expiresAt: expiryOf(record),
      ...(record.tags && { tags: listOfTags(record.tags) }),
      ...(isEnded(record.session) && { isEnd: true as const }),
    }
    return told('write', async () => {
      try {
        return await store.compareAndSet(record.key, expected, next)
      } catch (error) {
        // The store may have done the write and lost only the acknowledgement. No two seals are alike.
        const found = await store.read(record.key)
        if (found?.value === value) return found.revision
        throw error
      }
    })
  }

  async function told<T>(doing: 'read' | 'write', call: () => Promise<T>): Promise<T> {
    try {
      return await call()
    } catch (error) {
      notify({ type: 'storeFailed', doing })
      throw error
    }
  }

  /** When nobody needs the record any more. */
  function expiryOf({ session, activeAt }: ServerRecord): number {
    if (isEnded(session)) return clock.wall() + TOMBSTONE_MS
    const { startedAt } = session as Extract<StoredSession, { startedAt: number }>
    return (
      Math.min(startedAt + settings.absoluteLifetimeMs, activeAt + settings.idleTimeoutMs, 8.64e15) +
      MARGIN_MS
    )
  }

  /**
   * Writes the result of `change`, and tries again if another write came first. Resolves to the stored record;
   * `undefined` if there is no record or `change` returned none.
   */
  async function update(
    key: string,
    change: (record: ServerRecord) => ServerRecord | undefined,
  ): Promise<Opened | undefined> {
    let known = held.get(key)
    for (let tries = 0; tries < TRIES; tries++) {
      const opened = known ?? (await read(key))
      const changed = opened && change(opened.record)
      const next = changed && fitted(changed)
      if (!opened || (!next && !known)) return undefined
      const revision = next ? await write(next, opened.revision) : null
      if (next && revision !== null) {
        const written = { record: next, revision }
        recent.note(key, written)
        if (held.has(key)) held.set(key, written)
        return written
      }
      known = undefined
    }
    throw new Error('Others kept changing the record of this session.')
  }

  /**
   * The record of `key` as the store of one session. It compares positions, not the store's revisions. The first read
   * uses `known`.
   */
  function sessionStore(key: string, known: Opened | undefined): SessionStore {
    let first = known
    return {
      share: shareRecord,
      async read() {
        const opened = first ?? (await read(key))
        first = undefined
        if (!opened) return null
        const { intent } = opened.record
        const session = structuredClone(opened.record.session)
        return 'ended' in session || !intent ? session : { ...session, doubt: intent }
      },
      async compareAndSet(expected, next) {
        if (expected === null) return false
        const done = await update(key, (record) => {
          if (!isAt(record.session, expected)) return undefined
          const { intent, reason, ...rest } = record
          // A newer version has a new token, so the intent of the old token is settled.
          const isRenewal = next.epoch !== expected.epoch || next.version !== expected.version
          const why = 'reason' in next ? { reason: next.reason } : {}
          // The record holds the ledger's row once, beside the session.
          const { doubt: _, ...session } = next as SessionRecord
          return { ...rest, ...(intent && !isRenewal && { intent }), ...why, session } as ServerRecord
        })
        return done !== undefined
      },
    }
  }

  return {
    /** The record as it can be stored: sealed cookies may lack optional fields of the user. */
    fitted,
    read,
    readOrRecent,
    write,
    update,
    sessionStore,
    /** From now on writes start from the known record, until `release`. */
    hold: (key: string, opened: Opened) => void held.set(key, opened),
    release: (key: string) => void held.delete(key),
  }
}

export type Entries = ReturnType<typeof createEntries>

/** Tells sessions apart in notices. It is the beginning of a MAC, which nobody can invert. */
export const nameOf = (key: string): string => key.slice(0, 12)

/** `undefined`: it is damaged. */
function recordIn(opened: Unsealed, key: string): ServerRecord | undefined {
  const record = 'reason' in opened ? opened.reason : readServerRecord(opened.plain, key)
  if (record === 'newer' || record === 'unknownKey') throw new OthersRecord()
  return typeof record === 'object' ? record : undefined
}

/** The context of a seal: an entry cannot stand under another key. */
const contextOf = (key: string) => `session ${key}`

export const isAt = (stored: Position, expected: Position) =>
  stored.epoch === expected.epoch && stored.version === expected.version
