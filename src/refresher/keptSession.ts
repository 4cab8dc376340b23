import { type LedgerRow, MEMORY_MS } from '../../machines/session.ledger.ts'
import type { UserDocument } from '../../machines/session.types.ts'
import { Misconfigured } from '../base/errors.ts'
import { isBearer } from '../base/isBearer.ts'
import { jwtClaims } from '../base/jwtClaims.ts'
import { documentOf } from '../base/readUser.ts'
import { readTenant } from '../session/login.ts'
import type { Settings } from '../session/options.ts'
import type { SessionRecord } from '../stores/store.ts'

/**
 * The facts of a refresh that brought no bearer: plain JSON without a token. Keep it with its refresh token, and delete
 * both together.
 */
export interface RefreshDoubt {
  /**
   * `unknown`: the token may be spent. `refused`: nothing was processed. `unsupported`: the backend does not refresh,
   * or there is no refresh token.
   */
  readonly cause: 'unknown' | 'refused' | 'unsupported'
  /** Nothing is sent before this instant; milliseconds since the Unix epoch. */
  readonly retryAt: number
  /** The sends of the token without a definitive answer. */
  readonly sends?: LedgerRow
}

/** A session in the form of its keeper, for example in a sealed cookie. */
export interface KeptSession {
  /** The key of the strategy that refreshes. */
  readonly provider: string
  /** The user of the session, with its `id`. An answer for another user ends the session. */
  readonly user: UserDocument
  /** The tenant; blank, `null` or absent: none. */
  readonly tenantId?: string | null | undefined
  /** The keeper's id of the session; give it if one user may hold several. */
  readonly sessionId?: string
  /** The bearer to replace; absent: there is none. */
  readonly bearer?: string | null | undefined
  /**
   * When the bearer ends; milliseconds since the Unix epoch. A token in doubt is sent again only after that.
   * @default the `exp` of a JWT; a bearer without one counts as ended
   */
  readonly expiresAt?: number | null | undefined
  /** An API answered the bearer with 401, so it counts as ended. @default false */
  readonly isRejected?: boolean
  /** The token to spend; absent: there is none. */
  readonly refreshToken?: string | null | undefined
  /** The `doubt` of the last result `later` for this refresh token. */
  readonly doubt?: RefreshDoubt | null | undefined
}

/** A bearer is useless this shortly before its end. */
const ENDED_MS = -1
/** For a known life: more than half of it is over, and so is the time without another refresh. */
const AGED_MS = 20_000

/** When the bearer ends; 0: it has ended, or its end is unknown. */
function endOf({ bearer, expiresAt, isRejected }: KeptSession): number {
  if (isRejected || !bearer) return 0
  if (Number.isFinite(expiresAt)) return expiresAt as number
  const { exp } = jwtClaims(bearer)
  return typeof exp === 'number' ? exp * 1000 : 0
}

/**
 * The record of a kept session that is due for a refresh. Throws `Misconfigured` if it cannot be a session, and quotes
 * no value.
 */
export function recordOf(kept: KeptSession, { strategies }: Settings, wallNow: number): SessionRecord {
  const { provider, sessionId, bearer, refreshToken, doubt } = kept ?? {}
  const user = documentOf(kept?.user)
  if (typeof provider !== 'string' || !Object.hasOwn(strategies, provider))
    throw new Misconfigured(
      `"provider" must be one of the strategies: ${Object.keys(strategies).join(', ')}.`,
    )
  if (!user) throw new Misconfigured('"user" must be the user of the session, with an "id".')
  if (bearer && !isBearer(bearer))
    throw new Misconfigured('"bearer" must be the bearer as it was received: visible ASCII, at most 16 KiB.')
  if (refreshToken && typeof refreshToken !== 'string')
    throw new Misconfigured('"refreshToken" must be the refresh token as it was received: a string.')
  const tenantId = readTenant(kept.tenantId)
  const leftMs = Math.max(endOf(kept) - wallNow, ENDED_MS)
  return {
    v: 1,
    epoch: 1,
    version: 1,
    provider,
    user,
    startedAt: wallNow,
    ...(tenantId && { tenantId }),
    ...(sessionId && { sessionId }),
    ...(bearer && { bearer, endsAt: wallNow + leftMs, lifeMs: 2 * Math.max(leftMs, 0) + AGED_MS }),
    ...(refreshToken && { refreshToken }),
    ...(doubt?.sends && { doubt: doubt.sends }),
  }
}

/** Until when `doubt` forbids a request; 0: the ledger decides. */
export function heldUntil(
  { doubt }: KeptSession,
  { endsAt = 0 }: Pick<SessionRecord, 'endsAt'>,
  wallNow: number,
) {
  const { cause, retryAt = 0, sends }: Partial<RefreshDoubt> = doubt ?? {}
  const isSpent = endsAt <= wallNow
  // If a clock ran ahead for a while, nobody waits longer than anything is remembered.
  const isNow = retryAt > wallNow && retryAt <= wallNow + MEMORY_MS
  if (!isNow || (cause === 'unknown' && sends) || (cause === 'unsupported' && isSpent)) return 0
  return retryAt
}
