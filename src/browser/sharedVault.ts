import type { LedgerRow } from '../../machines/session.ledger.ts'
import type { Position } from '../../machines/session.types.ts'
import type { Clock } from '../base/clock.ts'
import { type Claim, claim } from '../coordination/claim.ts'
import { coalescer } from '../coordination/coalescer.ts'
import type { Coordinator, Flight } from '../coordination/coordinator.ts'
import { keyedHash } from '../coordination/keyedHash.ts'
import { memoryLedger } from '../coordination/memoryLedger.ts'
import { sent } from '../coordination/sent.ts'
import { settle } from '../coordination/settle.ts'
import { shareRecord } from '../session/sharedRecord.ts'
import type { RefreshOutcome } from '../session/strategy.ts'
import { memoryStore } from '../stores/memory.ts'
import type { SessionRecord, SessionStore, StoredSession } from '../stores/store.ts'
import { createDatabase, type Database, type Sealed } from './database.ts'
import type { Lock } from './lock.ts'

interface Surroundings {
  readonly name: string
  readonly clock: Clock
  readonly random: () => number
  readonly lock: Lock
  /** Something was written that the other tabs must read. */
  readonly onWritten: () => void
  /** There is no storage, and the session lives only in this page; or the storage has stopped working. */
  readonly onUnavailable: () => void
}

interface SessionRow extends Position, Sealed {
  readonly v: 1
}

/**
 * The ledger's row of a version's refresh token, on the wall clock. It is written before a send, so that no crash hides
 * it.
 */
interface SendRow extends Position, LedgerRow {}

const SESSION = 'session'
const SEND = 'send'
/** The deadline of an attempt, and the time for its tab to write the result. */
const OPEN_MS = 30_000
const COMMIT_MS = 5_000
const AGAIN_MS = 1_000
const REPLAY_MS = 60_000
const MAX_ENTRIES = 100

/**
 * The session of a page that holds its tokens itself, shared by the tabs of the browser: sealed in IndexedDB under a
 * key that no script can read. Before a tab sends the refresh token, it writes that down in one atomic change. If the
 * tab dies, that row stays, and the next tab knows that the token may be spent. The lock only saves tabs a wait;
 * correctness does not depend on it.
 */
export function sharedVault(surroundings: Surroundings): { store: SessionStore; coordinator: Coordinator } {
  const { name, clock, random, lock, onWritten, onUnavailable } = surroundings
  const memory = memoryStore()
  const disk = createDatabase(name, clock, onUnavailable)
  const ring = coalescer({ replayWindowMs: REPLAY_MS, maxEntries: MAX_ENTRIES, clock, hash: keyedHash() })
  /** For a session that is in no storage. */
  const alone = memoryLedger({ maxEntries: MAX_ENTRIES, clock, random })
  /** Whether there has been a session: if it is gone, somebody has deleted it. */
  let wasStored = false
  let onCommitted = () => {}

  /** A session that began in memory, because there was no storage, also ends there. */
  async function database(): Promise<Database | undefined> {
    const held = await memory.read()
    const isInMemory = held !== null && !('ended' in held)
    return !isInMemory && (await disk.isThere()) ? disk : undefined
  }

  async function read(): Promise<StoredSession | null> {
    const db = await database()
    if (!db) return memory.read()
    const [found, send] = await db.read([SESSION, SEND])
    const row = found as SessionRow | undefined
    // This is of a newer version of this package. This version must not read or delete it.
    if (row?.v !== 1) return null
    const text = await db.unseal(row, contextOf(row))
    if (text === undefined) {
      await db.change([SESSION], (found) => ({
        write: isAt(found, row) ? { [SESSION]: undefined } : {},
        answer: undefined,
      }))
      return null
    }
    wasStored = true
    const stored = JSON.parse(text) as StoredSession
    return 'ended' in stored || !isAt(send, row) ? stored : { ...stored, doubt: send as SendRow }
  }

  const store: SessionStore = {
    share: shareRecord,
    read,
    async compareAndSet(expected, next) {
      const db = await database()
      if (!db) return memory.compareAndSet(expected, next)
      const { epoch, version } = next
      // The record holds the row of its sends once.
      const { doubt: _, ...session } = next as SessionRecord
      const row: SessionRow = {
        v: 1,
        epoch,
        version,
        ...(await db.seal(JSON.stringify(session), contextOf(next))),
      }
      const isWritten = await db.change([SESSION, SEND], (found, send) => {
        if (expected ? !isAt(found, expected) : found !== undefined) return { answer: false }
        // A newer version has a new token.
        const isSettled = send !== undefined && !isAt(send, next)
        return { write: { [SESSION]: row, ...(isSettled && { [SEND]: undefined }) }, answer: true }
      })
      if (!isWritten) return false
      wasStored = true
      onCommitted()
      onWritten()
      return true
    },
  }

  /** Sends if the row permits it: the row is written before, and settled after. */
  async function spend(db: Database, { ask, send }: Flight, at: Position): Promise<RefreshOutcome> {
    const claimed = await db.change<Claim | { readonly outcome: RefreshOutcome }>(
      [SESSION, SEND],
      (session, found) => {
        if (!isAt(session, at)) return { answer: { outcome: held(AGAIN_MS) } }
        const before = isAt(found, at) ? (found as SendRow) : null
        const answer = claim(before, ask, clock.wall(), OPEN_MS)
        return 'outcome' in answer ? { answer } : { write: { [SEND]: { ...answer.row, ...at } }, answer }
      },
    )
    // The other tab may finish at any moment.
    if ('outcome' in claimed) return claimed.outcome.kind === 'refused' ? held(AGAIN_MS) : claimed.outcome
    const { row, outcome } = settle(claimed, await sent(send), ask.resend, clock.wall(), random)
    // The write of the renewal settles the row. Until then nobody else sends.
    if (outcome.kind === 'ok') return outcome
    await db
      .change([SEND], (found) => {
        const isOurs = isAt(found, at) && (found as SendRow).sentAt === claimed.row.sentAt
        return { write: isOurs ? { [SEND]: row ? { ...row, ...at } : undefined } : {}, answer: undefined }
      })
      // The row then says that the token may be spent, which is safe.
      .catch(() => {})
    return outcome
  }

  /** The outcome is returned as soon as it comes. The lock is held until it is written. */
  function locked(flight: Flight, key: string): Promise<RefreshOutcome> {
    return new Promise((resolve) => {
      const task = async () => {
        const db = await database()
        if (!db) return resolve(alone(key, flight))
        const stored = await read()
        // The session itself draws conclusions from the changes of peers.
        if (!stored || 'ended' in stored || stored.refreshToken !== flight.identity.refreshToken)
          return resolve(stored || wasStored ? held(0) : alone(key, flight))
        const committed = new Promise<void>((written) => {
          const disarm = clock.setTimer(written, COMMIT_MS, 'background')
          onCommitted = () => {
            disarm()
            written()
          }
        })
        const outcome = await spend(db, flight, stored)
        resolve(outcome)
        if (outcome.kind !== 'ok') onCommitted()
        await committed
      }
      // A failing storage proves nothing, so nothing was sent.
      lock(task).catch(() => resolve(held(AGAIN_MS)))
    })
  }

  return {
    store,
    coordinator: {
      async run(flight) {
        const isGone = wasStored && (await read().catch(() => undefined)) === null
        return isGone ? { kind: 'ended' } : ring.run({ ...flight, send: (key) => locked(flight, key) })
      },
      end: ring.end,
    },
  }
}

const contextOf = ({ epoch, version }: Position) => `session ${epoch}.${version}`

function isAt(row: unknown, { epoch, version }: Position): boolean {
  const found = row as Position | undefined
  return found?.epoch === epoch && found.version === version
}

/** Another tab is refreshing. */
const held = (retryAfterMs: number): RefreshOutcome => ({
  kind: 'refused',
  cause: 'unavailable',
  retryAfterMs,
})
