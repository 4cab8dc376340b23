import type { FlightIdentity } from './coordinator.ts'

/**
 * One string for each identity, and different strings for different ones. An absent field differs from an empty one,
 * and no value can run into the next. It holds the refresh token in plain text: hash it before you keep it.
 */
export function flightText(identity: FlightIdentity): string {
  return lengthPrefixed(
    identity.provider,
    identity.userId,
    identity.tenantId,
    identity.sessionId,
    identity.refreshToken,
  )
}

/** The common part of the flights of one session. It holds no token. */
export function scopeText(identity: FlightIdentity): string {
  return lengthPrefixed(identity.provider, identity.userId, identity.tenantId, identity.sessionId)
}

function lengthPrefixed(...fields: (string | undefined)[]): string {
  return fields.map((field) => (field === undefined ? '-' : prefixed(escaped(field)))).join('')
}

const prefixed = (text: string) => `${text.length}:${text}`

// Hashes read UTF-8, in which every lone surrogate becomes the same replacement character.
// JSON writes them as distinct escapes.
const escaped = (text: string) => JSON.stringify(text).slice(1, -1)
