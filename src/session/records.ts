import type { Position } from '../../machines/session.types.ts'
import type { SessionRecord, StoredSession, Tombstone } from '../stores/store.ts'
import type { Owner } from './login.ts'
import type { Tokens } from './vault.ts'

export const isTombstone = (stored: StoredSession): stored is Tombstone => 'ended' in stored

/** What replaces the session stored at `at`: one version on, so that no renewal under way writes over it. */
export const toTombstone = ({ epoch, version }: Position): Tombstone => ({
  v: 1,
  epoch,
  version: version + 1,
  ended: true,
})

/** What is stored of a session; `lifeMs` is what the bearer has left at `wallNow`. */
export function toRecord(
  { epoch, version }: Position,
  owner: Owner,
  tokens: Tokens,
  lifeMs: number,
  wallNow: number,
): SessionRecord {
  const life = lifeMs < Infinity ? { endsAt: wallNow + lifeMs, lifeMs } : {}
  return { v: 1, epoch, version, ...owner, ...tokens, ...life }
}

/** The parts of a stored session; its bearer never lives longer than it did when it was received. */
export function fromRecord(record: SessionRecord, wallNow: number) {
  const { v, epoch, version, endsAt = Infinity, lifeMs = Infinity, bearer, refreshToken, ...owner } = record
  return {
    at: { epoch, version },
    owner: owner as Owner,
    tokens: toTokens(bearer, refreshToken),
    lifeMs: Math.min(endsAt - wallNow, lifeMs),
  }
}

export const toTokens = (bearer: string | undefined, refreshToken: string | undefined): Tokens => ({
  ...(bearer && { bearer }),
  ...(refreshToken && { refreshToken }),
})
