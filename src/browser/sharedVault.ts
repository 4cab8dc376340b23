import type { Position } from '../../machines/session.types.ts'
import type { Coordinator, Flight } from '../coordination/coordinator.ts'
import { inProcessCoordinator } from '../coordination/inProcess.ts'
import type { Clock } from '../session/clock.ts'
import { memoryStore } from '../stores/memory.ts'
import type { SessionStore, StoredSession } from '../stores/store.ts'
import type { RefreshOutcome } from '../strategies/strategy.ts'
import { type Database, openDatabase, type Sealed } from './database.ts'
import type { Lock } from './lock.ts'

interface Surroundings {
  readonly name: string
  readonly clock: Clock
  readonly lock: Lock
  /** Something was written that the other tabs will want to see. */
  readonly onWritten: () => void
  /** Something was read. */
  readonly onRead: () => void
  /** There is no storage: the session lives in this page alone. */
  readonly onUnavailable: () => void
}

interface SessionRow extends Position, Sealed {
  readonly v: 1
}

/** That the refresh token of a version was sent, or is about to be. Written before, so that no crash hides it. */
interface SendRow extends Position {
  /** How often. */
  readonly sends: number
  /** The first of them; wall clock, milliseconds since the Unix epoch. */
  readonly sentAt: number
  /** Until when an answer may come; 0: it came, and told nothing. */
  readonly until: number
  /** The answer was definitive. */
  readonly rejected?: Extract<RefreshOutcome, { kind: 'rejected' }>
}

const SESSION = 'session'
const SEND = 'send'
/** The deadline of an attempt, and what its tab takes to write down what came. */
const OPEN_MS = 30_000
const COMMIT_MS = 5_000
const AGAIN_MS = 1_000

/**
 * The session of a page that holds its tokens itself, shared by the tabs of the browser: sealed in IndexedDB under a
 * key that no script can read out. Whoever sends the refresh token first writes down that it will, in one atomic
 * change; a tab that dies in between leaves that line behind, and the next one knows that the token may be spent. The
 * lock saves tabs a wait, and nothing depends on it.
 */
export function sharedVault(surroundings: Surroundings): { store: SessionStore; coordinator: Coordinator } {
  const { name, clock, lock, onWritten, onRead, onUnavailable } = surroundings
  const memory = memoryStore()
  const inProcess = inProcessCoordinator({ clock })
  let opening: Promise<Database | undefined> | undefined
  /** Whether there has been a session: one that is gone then was taken away. */
  let wasStored = false
  let onCommitted = () => {}

  const database = () => {
    opening ??= openDatabase(name).catch(() => {
      onUnavailable()
      return undefined
    })
    return opening
  }

  async function read(): Promise<StoredSession | null> {
    const db = await database()
    if (!db) return memory.read()
    const row = (await db.read(SESSION)) as SessionRow | undefined
    // Of a newer version of this package: not ours to read, nor to delete.
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
    return JSON.parse(text) as StoredSession
  }

  const store: SessionStore = {
    async read() {
      const stored = await read()
      onRead()
      return stored
    },
    async compareAndSet(expected, next) {
      const db = await database()
      if (!db) return memory.compareAndSet(expected, next)
      const { epoch, version } = next
      const row: SessionRow = {
        v: 1,
        epoch,
        version,
        ...(await db.seal(JSON.stringify(next), contextOf(next))),
      }
      const isWritten = await db.change([SESSION, SEND], (found, send) => {
        if (expected ? !isAt(found, expected) : found !== undefined) return { answer: false }
        // A newer version has a token of its own.
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

  /** Sends if nobody has, or if the session may send again and knows of every time. */
  async function spend(db: Database, flight: Flight, at: Position): Promise<RefreshOutcome> {
    const now = clock.wall()
    const claim = await db.change<RefreshOutcome | SendRow>([SESSION, SEND], (session, found) => {
      if (!isAt(session, at)) return { answer: held(AGAIN_MS) }
      const before = isAt(found, at) ? (found as SendRow) : undefined
      if (before?.rejected) return { answer: before.rejected }
      if (before && before.until > now) return { answer: held(AGAIN_MS) }
      if (before && flight.doubtfulSends < before.sends) return { answer: unsure(now - before.sentAt) }
      const sends = (before?.sends ?? 0) + 1
      const row: SendRow = { ...at, sends, sentAt: before?.sentAt ?? now, until: now + OPEN_MS }
      return { write: { [SEND]: row }, answer: row }
    })
    if ('kind' in claim) return claim
    const outcome = await flight.send()
    // What was renewed settles it as it is written; until then nobody else sends.
    if (outcome.kind === 'ok') return outcome
    const { sends } = claim
    const isUnsent = outcome.kind === 'refused' || outcome.kind === 'unsupported'
    await db
      .change([SEND], (found) => {
        if (!isAt(found, at)) return { answer: undefined }
        const settled = {
          ...claim,
          until: 0,
          ...(isUnsent && { sends: sends - 1 }),
          ...(outcome.kind === 'rejected' && { rejected: outcome }),
        }
        return { write: { [SEND]: settled.sends > 0 ? settled : undefined }, answer: undefined }
      })
      // The line then says that the token may be spent, which is the safe side.
      .catch(() => {})
    return outcome
  }

  /** The outcome is there as soon as it comes; the lock is held until it is written down. */
  function sent(flight: Flight): Promise<RefreshOutcome> {
    return new Promise((resolve) => {
      const task = async () => {
        const db = await database()
        if (!db) return resolve(flight.send())
        const stored = await read()
        // Conclusions from what peers have done are the session's.
        if (!stored || 'ended' in stored || stored.refreshToken !== flight.identity.refreshToken)
          return resolve(stored || wasStored ? held(0) : flight.send())
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
      // A storage that fails has proved nothing: not sent.
      lock(task).catch(() => resolve(held(AGAIN_MS)))
    })
  }

  return {
    store,
    coordinator: {
      async run(flight) {
        const isGone = wasStored && (await read().catch(() => undefined)) === null
        return isGone ? { kind: 'ended' } : inProcess.run({ ...flight, send: () => sent(flight) })
      },
      end: inProcess.end,
    },
  }
}

const contextOf = ({ epoch, version }: Position) => `session ${epoch}.${version}`

function isAt(row: unknown, { epoch, version }: Position): boolean {
  const found = row as Position | undefined
  return found?.epoch === epoch && found.version === version
}

/** Another tab is at it. */
const held = (retryAfterMs: number): RefreshOutcome => ({
  kind: 'refused',
  cause: 'unavailable',
  retryAfterMs,
})

/** Another tab has sent the token and nobody knows what came of it. */
const unsure = (ageMs: number): RefreshOutcome => ({
  kind: 'unknown',
  cause: 'network',
  answered: false,
  ageMs: Math.max(ageMs, 0),
})
