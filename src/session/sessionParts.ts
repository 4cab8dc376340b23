import type { SessionEvent } from '../../machines/session.events.ts'
import type { Position } from '../../machines/session.types.ts'
import type { SessionClock } from '../base/sessionClock.ts'
import type { Grant } from './grant.ts'
import type { Owner } from './login.ts'
import type { Notice } from './notice.ts'
import type { Settings } from './options.ts'
import type { SharedRecord } from './sharedRecord.ts'
import type { LifeHints } from './strategy.ts'
import type { Tokens, Vault } from './vault.ts'

/** The one open request of a session, with the token that it may spend. */
export interface OpenRequest extends Position {
  readonly token: string | undefined
  readonly controller: AbortController
}

/** The parts that an attempt and its outcome share. */
export interface SessionParts {
  readonly settings: Settings
  readonly clock: SessionClock
  readonly vault: Vault
  readonly grant: Grant
  /** Absent: no peer shares the session. */
  readonly shared: SharedRecord | undefined
  request: OpenRequest | undefined
  /** What the last failure asks the embedder to correct. */
  problem: string | undefined
  /** On the session's timeline. */
  now(): number
  send(event: SessionEvent): void
  notify(notice: Notice): void
  isUserActive(): boolean
  /** How long a bearer lives that arrived `ageMs` ago. `mintedNow`: it was issued for this answer. */
  lifeOf(bearer: string, hints: LifeHints, mintedNow?: boolean, ageMs?: number): number
  /** Ends tokens at the backend. Never rejects. */
  revoke(owner: Owner, tokens: Tokens, cause: 'logout' | 'late'): Promise<void>
}
