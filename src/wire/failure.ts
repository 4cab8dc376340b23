/** A request that brought no answer. `refused`: nothing of it can have been processed. */
export type WireFailure =
  | { readonly kind: 'refused'; readonly cause: 'network' | 'misconfigured' }
  | { readonly kind: 'unknown'; readonly cause: 'network' | 'timeout'; readonly answered: false }

/** A failure of the network that does not tell whether the request arrived. */
export const lost: WireFailure = { kind: 'unknown', cause: 'network', answered: false }
export const unreachable: WireFailure = { kind: 'refused', cause: 'network' }
export const unusable: WireFailure = { kind: 'refused', cause: 'misconfigured' }

const neverConnected =
  /^(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT|ERR_HTTP2_GOAWAY_SESSION)$/
// Certificates are checked before the first byte of the request leaves.
const untrusted =
  /^(CERT_|ERR_TLS_CERT|DEPTH_ZERO_SELF_SIGNED|SELF_SIGNED_|UNABLE_TO_(GET|VERIFY)_|HOSTNAME_MISMATCH|INVALID_CA)/

/**
 * Reads the codes of an error and of its causes; nothing of the error itself goes on. Never throws.
 * A browser's `TypeError` has no code: the request may have arrived.
 */
export function failureOf(error: unknown): WireFailure {
  try {
    return classify(error, 0)
  } catch {
    return lost
  }
}

function classify(error: unknown, depth: number): WireFailure {
  if (typeof error !== 'object' || error === null || depth > 5) return lost
  const { code, syscall, message, errors, cause } = error as Record<string, unknown>
  // Several addresses were tried: nothing left this host only if none of them was reached.
  if (Array.isArray(errors) && errors.length > 0) {
    const each = errors.slice(0, 16).map((one) => classify(one, depth + 1))
    return each.find((failure) => failure.kind === 'unknown') ?? each[0] ?? lost
  }
  const name = String(code)
  if (untrusted.test(name)) return unusable
  if (syscall === 'connect' || syscall === 'getaddrinfo') return unreachable
  // With another system call (`read`, `write`) the same code comes from an open connection.
  if (syscall === undefined && neverConnected.test(name)) return unreachable
  // RFC 9113 section 8.7: a refused stream was not processed.
  if (name === 'ERR_HTTP2_STREAM_ERROR' && String(message).includes('REFUSED_STREAM')) return unreachable
  return classify(cause, depth + 1)
}
