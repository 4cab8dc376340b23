import { jwtClaims } from '../base/jwtClaims.ts'
import type { LifeHints, Warning } from './strategy.ts'

/** The unit of `expiresAt`. `auto`: milliseconds since the Unix epoch, or seconds if it can be nothing else. */
export type ExpiresAtUnit = 'auto' | 'ms' | 'seconds' | 'iso'

export interface LifetimeOptions {
  readonly expiresAtUnit: ExpiresAtUnit
  readonly lifetimeMs: number
  readonly maxLifetimeMs: number
}

/** Below this a number of milliseconds would be before 1973. */
const SECONDS_BELOW = 1e11
const DAY_MS = 86_400_000

/**
 * How long a bearer that has just arrived lives, in milliseconds; `Infinity`: unknown, so only a 401 will tell. The
 * sources in order: `expiresAt`, `expires_in`, the span of the JWT's own claims, the configured lifetime. The server's
 * clock is the `Date` of the answer. Without it, for an answer that was issued just now, it is the JWT's `iat`;
 * otherwise it is our own clock.
 */
export function lifeOf(
  bearer: string,
  { expiresAt, expiresIn, serverNow }: LifeHints,
  wallNow: number,
  mintedNow: boolean,
  options: LifetimeOptions,
  warn: (code: Warning) => void,
): number {
  const span = spanOf(bearer)
  const instant = readInstant(expiresAt, options.expiresAtUnit, warn)
  // A clock that is wrong by a day cannot be used.
  const isSane = Math.abs((serverNow ?? NaN) - wallNow) <= DAY_MS
  let life = instant - (isSane ? (serverNow as number) : wallNow)
  // An answer that seems to have ended shows that our clock is wrong.
  if (!isSane && instant >= 0 && span > 0 && (mintedNow || life <= 0)) life = span
  if (Number.isNaN(life) && typeof expiresIn === 'number') life = expiresIn * 1000
  // The claims are exact; `Date` and `expiresAt` are rounded.
  if (span > 0) life = Number.isFinite(life) ? Math.min(life, span) : span
  if (!Number.isFinite(life)) life = options.lifetimeMs
  return life < Infinity ? Math.min(life, options.maxLifetimeMs) : Infinity
}

function readInstant(value: unknown, unit: ExpiresAtUnit, warn: (code: Warning) => void): number {
  if (unit === 'iso') {
    const withZone = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/
    return typeof value === 'string' && withZone.test(value) ? Date.parse(value) : NaN
  }
  const at = value as number
  if (!Number.isFinite(value) || at < 0) return NaN
  if (unit === 'ms' || (unit === 'auto' && at >= SECONDS_BELOW)) return at
  if (unit === 'auto') warn('unit')
  return at * 1000
}

/**
 * The span from `iat` to `exp` of a JWT (RFC 7519 section 4.1) in milliseconds; `NaN`: it is no JWT. It is a hint about
 * time, never about rights.
 */
function spanOf(bearer: string): number {
  const { exp, iat } = jwtClaims(bearer)
  return typeof exp === 'number' && typeof iat === 'number' ? (exp - iat) * 1000 : NaN
}
