import { Misconfigured } from '../session/errors.ts'
import type { CookieSlot } from './context.ts'

export interface CookieOptions {
  /** Without prefix. */
  readonly name: string
  readonly path: string
  readonly isSecure: boolean
  /** Told when the name came more than once: a sibling domain may have set the other. */
  readonly onDuplicate: () => void
}

/** What browsers keep: name, value and attributes together (RFC 6265bis section 5.6). */
const MAX_BYTES = 4_096

/**
 * A cookie of this server: `__Host-` where it is secure and for the whole origin, `__Secure-` where it is for a
 * path, no prefix over plain http. `Lax`, not `Strict`: after the OpenID login the browser comes from another site
 * and must be known on its first page; what changes anything asks for a header besides.
 */
export function cookieSlot({ name, path, isSecure, onDuplicate }: CookieOptions): CookieSlot {
  const prefix = isSecure ? (path === '/' ? '__Host-' : '__Secure-') : ''
  const fullName = `${prefix}${name}`
  const attributes = `Path=${path}; HttpOnly; SameSite=Lax${isSecure ? '; Secure' : ''}`
  return {
    read(request) {
      const values = []
      for (const pair of (request.headers.get('cookie') ?? '').split(';')) {
        const equals = pair.indexOf('=')
        if (equals > 0 && pair.slice(0, equals).trim() === fullName)
          values.push(pair.slice(equals + 1).trim())
      }
      if (values.length > 1) onDuplicate()
      return values.length === 1 ? values[0] || undefined : undefined
    },
    set(value, maxAgeMs) {
      const line = `${fullName}=${value}; Max-Age=${Math.floor(maxAgeMs / 1000)}; ${attributes}`
      if (line.length > MAX_BYTES)
        throw new Misconfigured(
          `The cookie "${fullName}" has ${line.length} bytes; browsers drop more than ${MAX_BYTES}. Keep sessions in a store.`,
        )
      return line
    },
    clear: () => `${fullName}=; Max-Age=0; ${attributes}`,
  }
}
