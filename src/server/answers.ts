import type { Found } from './sessions.ts'

/** Answers of a session are nobody else's. */
const HEADERS = { 'cache-control': 'no-store', vary: 'Cookie', 'x-content-type-options': 'nosniff' }

/** JSON, never cached; each of `cookies` is one `Set-Cookie`. */
export function json(status: number, body: object, cookies: readonly string[] = [], more: HeadersInit = {}) {
  const headers = new Headers({ ...HEADERS, 'content-type': 'application/json', ...more })
  for (const cookie of cookies) headers.append('set-cookie', cookie)
  return new Response(JSON.stringify(body), { status, headers })
}

export const failure = (status: number, error: string, more: object = {}, cookies: readonly string[] = []) =>
  json(status, { error, ...more }, cookies)

export function redirect(location: string, cookies: readonly string[] = []) {
  const headers = new Headers({ ...HEADERS, location, 'referrer-policy': 'no-referrer' })
  for (const cookie of cookies) headers.append('set-cookie', cookie)
  return new Response(null, { status: 302, headers })
}

/** What a page may know of a session: whose it is, until when its bearer is good, which version it is. */
export function factsOf({ session, record }: Found, serverNow: number) {
  const { user, epoch, version, endsAt } = session
  return {
    user,
    epoch,
    version,
    ...(endsAt !== undefined && { expiresAt: endsAt }),
    verifiedAt: record.verifiedAt,
    serverNow,
  }
}
