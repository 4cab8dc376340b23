import type { FlightIdentity } from './coordinator.ts'

/**
 * One string per identity, and no string for two: what is absent differs from what is empty, and no value can
 * reach into its neighbour. Holds the refresh token in the clear: hash it before it is kept.
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

/** What the flights of one session have in common. Holds no token. */
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
