import type { Position } from '../../machines/session.types.ts'
import { lastUsed } from '../base/lastUsed.ts'
import type { SessionRecord, SessionStore, StoredSession } from '../stores/store.ts'
import { cookieRecord } from './cookieRecord.ts'
import type { Keyring } from './keyring.ts'
import type { ServerNotice } from './notice.ts'
import type { ServerSettings } from './readServerOptions.ts'
import { recentRecords } from './recentRecords.ts'
import { readServerRecord, type ServerRecord, serverRecordText } from './serverRecord.ts'
import { listOfTags } from './sessionTags.ts'

export interface Opened {
  readonly record: ServerRecord
  readonly revision: number
  /** The store is away: this is what it said a moment ago, good for reads alone. */
  readonly isStale?: true
}

const TRIES = 5
/** As many sessions as are at work at one time in most processes; each costs a few kB. */
const MOST_OPENED = 500
const OPENED_MS = 60_000
/** A late refresh finds the tombstone of its session for as long as an attempt may last, and then some. */
const TOMBSTONE_MS = 600_000
/** So that a session ends by its own rules, and for a while can say by which. */
const MARGIN_MS = 600_000

const isEnded = (session: StoredSession) => 'ended' in session

/** Reads and writes the records of sessions: sealed, each bound to its own key, every write a compare-and-set. */
export function createEntries(settings: ServerSettings, keyring: Keyring) {
  const { store, clock } = settings
  const notify = (notice: ServerNotice) => settings.observe(notice)
  /** What is known of the records of sessions that are awake: most writes then need no read before them. */
  const held = new Map<string, Opened>()
  /** What the sealed texts that were read last hold: one that the store gives again, unchanged, is not opened again. */
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

  /** As `read`; while the store is away what it said a moment ago, if the option `staleIfErrorMs` lets. */
  async function readOrRecent(key: string): Promise<Opened | undefined> {
    try {
      return await read(key)
    } catch (error) {
      const opened = recent.of(key)
      if (!opened || isEnded(opened.record.session)) throw error
      return { ...opened, isStale: true }
    }
  }

  async function readStored(key: string): Promise<Opened | undefined> {
    const entry = await told('read', () => store.read(key))
    if (!entry || typeof entry.value !== 'string' || !Number.isSafeInteger(entry.revision)) return undefined
    const known = openedTexts.get(key)
    if (known?.text === entry.value) return { record: known.record, revision: entry.revision }
    const opened = await keyring.unseal(entry.value, contextOf(key))
    if ('reason' in opened) {
      if (opened.reason !== 'newer') notify({ type: 'turnedAway', code: 'seal', session: nameOf(key) })
      return undefined
    }
    const record = readServerRecord(opened.plain, key)
    if (!record || record === 'newer') return undefined
    openedTexts.set(key, { text: entry.value, record })
    return { record, revision: entry.revision }
  }

  /** Resolves to the new revision, `null` where somebody else was faster. */
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
        // The write may have been done, and only its acknowledgement lost. No two seals are alike.
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

  /** When nothing of the record matters any more. */
  function expiryOf({ session, activeAt }: ServerRecord): number {
    if (isEnded(session)) return clock.wall() + TOMBSTONE_MS
    const { startedAt } = session as Extract<StoredSession, { startedAt: number }>
    return (
      Math.min(startedAt + settings.absoluteLifetimeMs, activeAt + settings.idleTimeoutMs, 8.64e15) +
      MARGIN_MS
    )
  }

  /**
   * Writes what `change` makes of the record, again if somebody else was faster. Resolves to what is stored then;
   * `undefined` where there is no record or `change` gave none.
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
   * The record of `key` as the store of one session: its positions are compared, not the store's revisions. The
   * first look is at what is `known` of it.
   */
  function sessionStore(key: string, known: Opened | undefined): SessionStore {
    let first = known
    return {
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
          // A newer version has a token of its own: what was intended with the old one is settled.
          const isRenewal = next.epoch !== expected.epoch || next.version !== expected.version
          const why = 'reason' in next ? { reason: next.reason } : {}
          // The row stands beside the session, once.
          const { doubt: _, ...session } = next as SessionRecord
          return { ...rest, ...(intent && !isRenewal && { intent }), ...why, session } as ServerRecord
        })
        return done !== undefined
      },
    }
  }

  return {
    /** The record as it can be kept: of a user whose looks no cookie could hold, without them. */
    fitted,
    read,
    readOrRecent,
    write,
    update,
    sessionStore,
    /** From here on writes start from what is known of the record; until `release`. */
    hold: (key: string, opened: Opened) => void held.set(key, opened),
    release: (key: string) => void held.delete(key),
  }
}

export type Entries = ReturnType<typeof createEntries>

/** Tells sessions apart in events; the beginning of a MAC that nobody can turn back. */
export const nameOf = (key: string): string => key.slice(0, 12)

/** What a seal is bound to: an entry cannot be passed off as another. */
const contextOf = (key: string) => `session ${key}`

export const isAt = (stored: Position, expected: Position) =>
  stored.epoch === expected.epoch && stored.version === expected.version
