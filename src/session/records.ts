import { readRow } from '../../machines/session.ledger.ts'
import type { Position } from '../../machines/session.types.ts'
import { isBearer } from '../base/isBearer.ts'
import { documentOf } from '../base/readUser.ts'
import type { SessionRecord, StoredSession, Tombstone } from '../stores/store.ts'
import type { Owner } from './login.ts'
import { readBackoff } from './storedBackoff.ts'
import { type Tokens, toTokens } from './vault.ts'

export const isTombstone = (stored: StoredSession): stored is Tombstone => 'ended' in stored

const isText = (value: unknown) => value === undefined || typeof value === 'string'
const isNumber = (value: unknown) => value === undefined || Number.isFinite(value)

/** The store's answer, if it is a session or a tombstone of this format; else `null`. */
export function asStored(value: unknown): StoredSession | null {
  const stored = (value ?? {}) as Partial<SessionRecord & Tombstone>
  const { v, epoch, version, ended, provider, user: given, bearer, startedAt } = stored
  if (v !== 1 || !Number.isSafeInteger(epoch) || !Number.isSafeInteger(version)) return null
  if (ended === true) return stored as Tombstone
  const user = documentOf(given)
  const areTexts = [stored.tenantId, stored.sessionId, stored.refreshToken].every(isText)
  const areNumbers =
    [stored.endsAt, stored.lifeMs, stored.bearerVersion, stored.rejections].every(isNumber) &&
    Number.isFinite(startedAt)
  if (typeof provider !== 'string' || !user || !areTexts || !areNumbers) return null
  if (bearer !== undefined && !isBearer(bearer)) return null
  const { ended: _, doubt: row, backoff: waits, ...record } = stored
  const doubt = readRow(row)
  const backoff = readBackoff(waits)
  return { ...record, user, ...(doubt && { doubt }), ...(backoff && { backoff }) } as SessionRecord
}

/** Replaces the session that is stored at `at`: one version on, so that no running renewal overwrites it. */
export const toTombstone = ({ epoch, version }: Position, reason?: Tombstone['reason']): Tombstone => ({
  v: 1,
  epoch,
  version: version + 1,
  ended: true,
  ...(reason && { reason }),
})

/** The record of a session whose bearer was received `ageMs` before `wallNow`, with a life of `lifeMs`. */
export function toRecord(
  { epoch, version }: Position,
  owner: Owner,
  tokens: Tokens,
  lifeMs: number,
  wallNow: number,
  ageMs = 0,
): SessionRecord {
  const life = lifeMs < Infinity ? { endsAt: wallNow + lifeMs - ageMs, lifeMs } : {}
  return { v: 1, epoch, version, ...owner, ...tokens, ...life }
}

/**
 * The parts of a stored session: the life of its bearer when it was received, and its age. The bearer never lives
 * longer than it did then, and is due at the same time.
 */
export function fromRecord(record: SessionRecord, wallNow: number) {
  const { v, epoch, version, endsAt = Infinity, lifeMs = Infinity, bearer, refreshToken, ...rest } = record
  const { bearerVersion, rejections, doubt, backoff, ...owner } = rest
  const leftMs = Math.min(endsAt - wallNow, lifeMs)
  return {
    at: { epoch, version },
    owner: owner as Owner,
    tokens: toTokens(bearer, refreshToken),
    lifeMs: lifeMs < Infinity ? lifeMs : leftMs,
    ageMs: lifeMs < Infinity ? lifeMs - leftMs : 0,
    ...(bearerVersion !== undefined && { bearerVersion }),
    ...(rejections !== undefined && { rejections }),
    ...(doubt && { row: doubt }),
    ...(backoff && { waits: backoff }),
  }
}
