import type { SessionEvent } from '../../machines/session.events.ts'
import type { LedgerRow } from '../../machines/session.ledger.ts'
import type { Position } from '../../machines/session.types.ts'
import { insist } from '../base/insist.ts'
import type { SessionRecord, SessionStore, StoredSession } from '../stores/store.ts'
import type { Grant } from './grant.ts'
import type { Owner } from './login.ts'
import type { Settings } from './options.ts'
import type { Send } from './port.ts'
import { isSamePosition } from './position.ts'
import { fromRecord, isTombstone } from './records.ts'
import { replaceStored } from './replaceStored.ts'

interface Surroundings {
  readonly settings: Settings
  readonly store: SessionStore
  readonly grant: Grant
  now(): number
  send(event: SessionEvent): void
  /** A write to the store failed. */
  unstored(): void
}

/**
 * The record of the session in a store that peers share. It is read before a send, and written before a caller learns
 * anything.
 */
export function createSharedRecord({ settings, store, grant, now, send, unstored }: Surroundings) {
  const { clock } = settings
  let disarmRetry = () => {}

  const look = async () => store.read().catch(() => undefined)

  /** Like `take`, with the present record of the store. */
  const reread = async (position: Position, sendBack = send) => take(position, await look(), sendBack)

  /**
   * Takes a newer version, or the end, from `stored`. Returns whether there was one; `undefined`: nobody can tell.
   * `sendBack` reports it to the chart.
   */
  function take(
    position: Position,
    stored: StoredSession | null | undefined,
    sendBack = send,
  ): boolean | undefined {
    if (stored === undefined) return undefined
    if (stored === null || !grant.isCurrent(position) || stored.epoch < position.epoch) return false
    // If a store fell back, or missed this login, it may have given its epoch to another login.
    if (!isSameLogin(stored, position, grant.owner() as Owner)) {
      const isWordOfProvider = isTombstone(stored) && stored.reason === 'backChannel'
      sendBack({ type: 'session.ended', at: now(), reason: isWordOfProvider ? 'backChannel' : 'elsewhere' })
      return true
    }
    if (stored.version <= position.version) return false
    const { at, owner, tokens, lifeMs, ageMs, bearerVersion = at.version } = fromRecord(stored, clock.wall())
    const best = grant.best(tokens, { version: bearerVersion, lifeMs, receivedAt: now() - ageMs })
    grant.renew(at, owner, best.tokens, best.life, sendBack)
    return true
  }

  /**
   * Writes `record` over `expected` while the session is `at` a position. Returns whether the store needs nothing more.
   */
  async function write(
    expected: Position,
    record: SessionRecord,
    at: Position,
    sendBack = send,
  ): Promise<boolean> {
    if (await store.compareAndSet(expected, record)) return true
    if (!grant.isCurrent(at) || (await reread(at, sendBack))) return true
    // The store missed an earlier write, or fell back. A renewal that it does not know has spent its token.
    const old = await store.read()
    const isBehind = old && isSameLogin(old, at, record) && old.version < record.version
    return !!isBehind && grant.isCurrent(at) && store.compareAndSet(old, record)
  }

  return {
    look,
    reread,
    take,

    /** Writes a renewal. If a peer wrote first, its version or its end is taken. */
    async persist(position: Position, record: SessionRecord, sendBack: Send): Promise<void> {
      try {
        if (await write(position, record, position, sendBack)) return
      } catch {
        // Memory has the newest tokens. This renewal has spent those of the peers.
        disarmRetry()
        disarmRetry = insist(clock, () => write(position, record, record))
      }
      unstored()
    },

    /** Writes a doubt beside its token, so that every reader of the session knows of it. */
    persistDoubt(position: Position, stored: SessionRecord, doubt: LedgerRow) {
      store.compareAndSet(position, { ...stored, doubt }).catch(unstored)
    },

    /** Whether the store says that the session is over for all that share it. */
    async isBuried({ epoch }: Position): Promise<boolean> {
      const stored = await look()
      return !!stored && isTombstone(stored) && stored.epoch === epoch
    },

    /** Removes the refresh token from the record. */
    dropRefreshToken(at: Position) {
      void replaceStored(store, unstored, (stored) => {
        if (!stored || !isSamePosition(stored, at)) return undefined
        const { refreshToken, doubt, ...rest } = stored as SessionRecord
        return rest
      })
    },

    /** The session is over: a renewal that could not be written is dropped. */
    close: () => disarmRetry(),
  }
}

export type SharedRecord = ReturnType<typeof createSharedRecord>

/**
 * Whether `stored` is the login `of` at this epoch, and not its end. Two logins have the same epoch only if a store has
 * failed; then neither is the other.
 */
const isSameLogin = (
  stored: StoredSession,
  { epoch }: Position,
  of: Pick<SessionRecord, 'startedAt' | 'user'>,
): stored is SessionRecord =>
  !isTombstone(stored) &&
  stored.epoch === epoch &&
  stored.startedAt === of.startedAt &&
  stored.user.id === of.user.id
