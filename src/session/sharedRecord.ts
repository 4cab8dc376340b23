import type { Doubt } from '../../machines/session.context.ts'
import type { SessionEvent } from '../../machines/session.events.ts'
import type { ExpiredReason, Position } from '../../machines/session.types.ts'
import { SessionChanged } from '../base/errors.ts'
import { insist } from '../base/insist.ts'
import type { SessionRecord, SessionStoreCalls, StoredSession } from '../stores/store.ts'
import { BoundStore } from './boundStore.ts'
import type { Grant, Version } from './grant.ts'
import type { Owner } from './login.ts'
import type { Notice } from './notice.ts'
import type { Settings } from './options.ts'
import type { Send } from './port.ts'
import { isSamePosition } from './position.ts'
import { fromRecord, isTombstone, toRecord, toTombstone } from './records.ts'
import { replaceStored } from './replaceStored.ts'
import { backoffAt } from './storedBackoff.ts'
import { doubtOf, rowAfter } from './storedDoubt.ts'
import { type LookingChart, lookIntoStore, stopLooking } from './storedLook.ts'
import type { RefreshOutcome } from './strategy.ts'
import { resendPolicyOf } from './strategyOf.ts'
import type { Tokens, Vault } from './vault.ts'

/** What the record needs of its session. */
interface Surroundings {
  readonly settings: Settings
  readonly vault: Vault
  readonly grant: Grant
  now(): number
  send(event: SessionEvent): void
  notify(notice: Notice): void
}

/** An attempt that brought no bearer. */
interface Failed {
  readonly position: Position
  readonly owner: Owner
  readonly tokens: Tokens
  /** On the session's timeline. */
  readonly sentAt: number
  readonly doubt: Doubt | null
  readonly answer: Send
}

/** A login that is about to be stored. */
interface NewLogin extends Pick<Version, 'owner' | 'tokens'> {
  readonly lifeMs: number
  /** The epoch of the session that it replaces here. */
  epoch(): number
  /** Whether no logout and no other login came meanwhile. */
  isLast(): boolean
  /** Why the session takes no login any more. */
  over(): Error | undefined
}

/**
 * The record of the session in a store that peers share. It is read before a send, and written before a caller learns
 * anything.
 */
export class SharedRecord {
  readonly store: SessionStoreCalls
  unread: (() => void) | undefined
  readonly #of: Surroundings
  #stopWriting: (() => void) | undefined

  constructor(of: Surroundings) {
    this.#of = of
    this.store = new BoundStore(of.settings.store as SessionStoreCalls, of.settings.clock)
  }

  get settings(): Settings {
    return this.#of.settings
  }

  now(): number {
    return this.#of.now()
  }

  send(event: SessionEvent): void {
    this.#of.send(event)
  }

  unstored(): void {
    this.#of.notify({ type: 'warning', code: 'persistFailed' })
  }

  /** Looks for a session, or for changes of peers. */
  look(chart: LookingChart): Promise<void> {
    return lookIntoStore(this, chart)
  }

  stopLooking(): void {
    stopLooking(this)
  }

  /** Begins with a session that was stored. */
  restore(stored: SessionRecord): void {
    const { settings, grant } = this.#of
    const now = { at: this.now(), wall: settings.clock.wall() }
    const { at, owner, tokens, lifeMs, ageMs, row, waits, ...facts } = fromRecord(stored, now.wall)
    const life = { version: facts.bearerVersion ?? at.version, lifeMs, receivedAt: now.at - ageMs }
    grant.open(
      { at, owner, tokens, life },
      {
        ...facts,
        ...(row && doubtOf(row, resendPolicyOf(settings, owner), now)),
        ...(waits && { backoff: backoffAt(waits, now.wall, now.at) }),
      },
    )
  }

  /** Like `#take`, with the present record of the store. */
  async reread(position: Position = this.#of.vault.position(), answer?: Send): Promise<boolean | undefined> {
    return this.#take(position, await this.#read(), answer)
  }

  /** Writes a login over what is stored, and answers its position. Rejects if it no longer counts. */
  async begin({ owner, tokens, lifeMs, epoch, isLast, over }: NewLogin): Promise<Position> {
    const after = (stored = 0): Position => ({ epoch: Math.max(epoch(), stored) + 1, version: 1 })
    let at = after()
    const isWritten = await this.#replace((stored) => {
      at = after(stored?.epoch)
      return isLast() ? toRecord(at, owner, tokens, lifeMs, this.settings.clock.wall()) : undefined
    })
    const end = over()
    // A logout or another login meanwhile could not yet see it in the store.
    if (end || (isWritten && !isLast())) this.expire(at)
    if (end) throw end
    if (!isLast()) throw new SessionChanged()
    return at
  }

  /** Writes a renewal. If a peer wrote first, its version or its end is taken. */
  async persist(position: Position, next: Version, rejections: number, answer: Send): Promise<void> {
    const record = this.#toRecord(next, rejections)
    try {
      if (await this.#write(position, record, position, answer)) return
    } catch {
      // Memory has the newest tokens. This renewal has spent those of the peers.
      this.close()
      this.#stopWriting = insist(this.settings.clock, () => this.#write(position, record, record))
    }
    this.unstored()
  }

  /**
   * An attempt has brought no bearer. Returns whether a peer has the next version, so that the failure is out of date.
   * Otherwise the ledger's row of the token is written beside it, so that every reader of the session knows of it.
   */
  async failed({ position, owner, tokens, sentAt, doubt: known, answer }: Failed, outcome: RefreshOutcome) {
    const stored = await this.#read()
    if (this.#take(position, stored, answer)) return true
    if (!stored || isTombstone(stored) || !isSamePosition(stored, position)) return false
    if (!tokens.refreshToken || stored.refreshToken !== tokens.refreshToken) return false
    const told = { outcome, known, sentAt, resend: resendPolicyOf(this.settings, owner) }
    const doubt = rowAfter(stored.doubt, told, { at: this.now(), wall: this.settings.clock.wall() })
    if (doubt) this.#put(position, { ...stored, doubt })
    return false
  }

  /** Whether the store says that the session is over for all that share it. */
  async isBuried({ epoch }: Position): Promise<boolean> {
    const stored = await this.#read()
    return !!stored && isTombstone(stored) && stored.epoch === epoch
  }

  /** Removes the refresh token from the record. */
  dropRefreshToken(at: Position): void {
    void this.#replace((stored) => {
      if (!stored || !isSamePosition(stored, at)) return undefined
      const { refreshToken, doubt, ...rest } = stored as SessionRecord
      return rest
    })
  }

  /** The session has ended at this version. A newer version of a peer lives on. */
  expire(at: Position, reason?: ExpiredReason): void {
    this.#put(at, toTombstone(at, reason))
  }

  /** The user has logged out: no version of this login lives on. */
  async bury(at: Position): Promise<void> {
    await this.#replace((stored) => {
      if (stored && (isTombstone(stored) || stored.epoch > at.epoch)) return undefined
      return toTombstone(stored && stored.epoch === at.epoch ? stored : at, 'user')
    })
  }

  /** The session is over: a renewal that could not be written is dropped. */
  close(): void {
    this.#stopWriting?.()
  }

  #read() {
    return this.store.read().catch(() => undefined)
  }

  #put(expected: Position, next: StoredSession) {
    this.store.compareAndSet(expected, next).catch(() => this.unstored())
  }

  #replace(next: (stored: StoredSession | null) => StoredSession | undefined) {
    return replaceStored(this.store, () => this.unstored(), next)
  }

  /**
   * Takes a newer version, or the end, from `stored`. Returns whether there was one; `undefined`: nobody can tell.
   * `answer` reports it to the chart.
   */
  #take(
    position: Position,
    stored: StoredSession | null | undefined,
    answer: Send = (event) => this.send(event),
  ): boolean | undefined {
    const { settings, grant } = this.#of
    if (stored === undefined) return undefined
    if (stored === null || !grant.isCurrent(position) || stored.epoch < position.epoch) return false
    // If a store fell back, or missed this login, it may have given its epoch to another login.
    if (!isSameLogin(stored, position, grant.owner() as Owner)) {
      const isWordOfProvider = isTombstone(stored) && stored.reason === 'backChannel'
      answer({
        type: 'session.ended',
        at: this.now(),
        reason: isWordOfProvider ? 'backChannel' : 'elsewhere',
      })
      return true
    }
    if (stored.version <= position.version) return false
    const {
      at,
      owner,
      tokens,
      lifeMs,
      ageMs,
      bearerVersion = at.version,
    } = fromRecord(stored, settings.clock.wall())
    const best = grant.best(tokens, { version: bearerVersion, lifeMs, receivedAt: this.now() - ageMs })
    grant.renew({ at, owner, ...best }, answer)
    return true
  }

  /**
   * Writes `record` over `expected` while the session is `at` a position. Returns whether the store needs nothing more.
   */
  async #write(expected: Position, record: SessionRecord, at: Position, answer?: Send): Promise<boolean> {
    const { store } = this
    const { grant } = this.#of
    if (await store.compareAndSet(expected, record)) return true
    if (!grant.isCurrent(at) || (await this.reread(at, answer))) return true
    // The store missed an earlier write, or fell back. A renewal that it does not know has spent its token.
    const old = await store.read()
    const isBehind = old && isSameLogin(old, at, record) && old.version < record.version
    return !!isBehind && grant.isCurrent(at) && store.compareAndSet(old, record)
  }

  /** The record of a renewal. */
  #toRecord({ at, owner, tokens, life }: Version, rejections: number): SessionRecord {
    const { version, lifeMs, receivedAt } = life
    return {
      ...toRecord(at, owner, tokens, lifeMs, this.settings.clock.wall(), this.now() - receivedAt),
      ...(version < at.version && { bearerVersion: version }),
      ...(rejections > 0 && { rejections }),
    }
  }
}

export type ShareRecord = (of: Surroundings) => SharedRecord

/** Lets a session live in the store of its options. It comes with the store, so no page without one downloads it. */
export const shareRecord: ShareRecord = (of) => new SharedRecord(of)

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
