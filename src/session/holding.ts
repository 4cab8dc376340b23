import type { SessionEvent } from '../../machines/session.events.ts'
import type { SessionState } from '../../machines/session.select.ts'
import type { ExpiredReason, Position } from '../../machines/session.types.ts'
import { createSessionClock, type SessionClock } from '../base/sessionClock.ts'
import { type AttemptReason, startAttempt } from './attempts.ts'
import { Grant } from './grant.ts'
import { lifeOf } from './lifetime.ts'
import type { Owner } from './login.ts'
import type { Notice, SessionNotice } from './notice.ts'
import type { Settings } from './options.ts'
import { conclude } from './outcomes.ts'
import type { Send } from './port.ts'
import { identityOf, toRequest } from './requests.ts'
import { revoke } from './revoke.ts'
import type { OpenRequest, SessionParts } from './sessionParts.ts'
import type { SharedRecord, ShareRecord } from './sharedRecord.ts'
import type { LifeHints } from './strategy.ts'
import { strategyOf } from './strategyOf.ts'
import { type Tokens, Vault } from './vault.ts'

/** Who hears what becomes of a session: its chart, as soon as there is one. */
interface Told {
  send(event: SessionEvent): void
  notify(notice: SessionNotice): void
  isUserActive(): boolean
}

/** What a session holds, and how that is renewed and ended: all that needs no chart. */
export class Holding implements SessionParts {
  readonly settings: Settings
  readonly clock: SessionClock
  readonly vault = new Vault()
  readonly grant: Grant
  readonly shared: SharedRecord | undefined
  request: OpenRequest | undefined
  problem: string | undefined
  /** Who hears of it from now on. */
  told: Told | undefined

  constructor(settings: Settings) {
    this.settings = settings
    this.clock = createSessionClock(settings.clock)
    this.grant = new Grant(this)
    // It comes with the store, so that a page without one does not download it.
    const share = settings.store?.share as ShareRecord | undefined
    this.shared = share?.(this)
  }

  now(): number {
    return this.clock.now()
  }

  send(event: SessionEvent): void {
    this.told?.send(event)
  }

  notify(notice: Notice): void {
    this.told?.notify({ ...this.vault.position(), ...notice })
  }

  isUserActive(): boolean {
    return this.told?.isUserActive() === true
  }

  /** One attempt for `position`. Every outcome reaches the chart as one event, by `answer`. */
  start(position: Position, reason: AttemptReason, answer: Send): void {
    startAttempt(this, position, reason, answer, (attempt, outcome) => conclude(this, attempt, outcome))
  }

  lifeOf(bearer: string, hints: LifeHints, mintedNow = false, ageMs = 0): number {
    const { settings } = this
    return lifeOf(bearer, hints, settings.clock.wall() - ageMs, mintedNow, settings, (code) =>
      this.notify({ type: 'warning', code }),
    )
  }

  /** `isOver`: somebody has logged in since. */
  async revoke(owner: Owner, tokens: Tokens, cause: 'logout' | 'late', isOver = () => false): Promise<void> {
    const { settings } = this
    const strategy = strategyOf(settings, owner)
    // A grant without a token of its own is named by what the browser has now, which may be the next login.
    const isOthers = () => !strategy.needsRefreshToken && isOver()
    const request = (signal: AbortSignal) => ({
      ...toRequest(settings, owner, tokens, this.isUserActive(), signal),
      cause,
    })
    if (!(await revoke(strategy, request, settings.clock, settings.attemptTimeoutMs, isOthers)))
      this.notify({ type: 'warning', code: 'notRevoked' })
  }

  /** The epoch is over. Returns its grant. `everywhere`: its copies in this process end too. */
  close(everywhere = false) {
    const closed = this.grant.close()
    this.shared?.close()
    if (closed && everywhere) this.settings.coordinator?.end(identityOf(closed.owner, closed.tokens))
    return closed
  }

  /** The session ended: nothing of it stays, unless a peer may yet bring a newer version. */
  leave({ state, reason }: SessionState) {
    if (reason === 'refreshRejected' || reason === 'refreshOutcomeUnknown') return this.vault.empty()
    this.close()
    if (state === 'expired') this.shared?.expire(this.vault.position(), reason as ExpiredReason)
  }
}
