/**
 * The provider's name of its session. If LibreChat passes the provider's own token on (`OPENID_REUSE_TOKENS`), the
 * token may contain it. The token came from the backend itself, and only this name of it is used.
 */
export function providerSession(token: unknown, issuer: string | undefined): string | undefined {
  if (typeof token !== 'string' || issuer === undefined) return undefined
  try {
    const [, payload = ''] = token.split('.')
    const bytes = Uint8Array.from(atob(payload.replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0))
    const { iss, sid } = JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>
    return iss === issuer && typeof sid === 'string' && sid !== '' ? sid : undefined
  } catch {
    return undefined
  }
}
