import type { SessionUser, UserIdentity } from '../../machines/session.types.ts'
import { readUser } from '../base/readUser.ts'
import type { Found } from './foundSession.ts'
import type { ServerSettings } from './readServerOptions.ts'
import { shownUserOf } from './shownUserOf.ts'

/**
 * Answers of a session are nobody else's. The last two keep an address from a script of the page: that of a callback, with
 * its code, in a frame or a window that the script has opened.
 */
const HEADERS = {
  'cache-control': 'no-store',
  vary: 'Cookie',
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
}

/** JSON, never cached; each of `cookies` is one `Set-Cookie`. */
export function json(status: number, body: object, cookies: readonly string[] = [], more: HeadersInit = {}) {
  const headers = new Headers({ ...HEADERS, 'content-type': 'application/json', ...more })
  for (const cookie of cookies) headers.append('set-cookie', cookie)
  return new Response(JSON.stringify(body), { status, headers })
}

export const failure = (
  status: number,
  error: string,
  more: object = {},
  cookies: readonly string[] = [],
  headers: HeadersInit = {},
) => json(status, { error, ...more }, cookies, headers)

/** 204, never cached. */
export const noContent = (headers: Readonly<Record<string, string>>) =>
  new Response(null, { status: 204, headers: { ...HEADERS, ...headers } })

/** Something that came before this server has read the body: what it held cannot be passed on. */
export const bodyAlreadyRead = () =>
  failure(500, 'body_already_read', {
    expected:
      'an unread body: mount the session server before whatever parses bodies (express.json and its like)',
  })

export function redirect(location: string, cookies: readonly string[] = [], status: 302 | 303 = 302) {
  const headers = new Headers({ ...HEADERS, location, 'referrer-policy': 'no-referrer' })
  for (const cookie of cookies) headers.append('set-cookie', cookie)
  return new Response(null, { status, headers })
}

/** What a page may know of a session: whose it is, which login, until when its bearer is good, which version it is. */
export interface ServerFacts<User extends UserIdentity = SessionUser> {
  /** As the schema of the option `user` shows it, and JSON does. */
  readonly user: User
  /** The public name of the login. */
  readonly login: string
  /** Tells logins apart, the later the greater. */
  readonly epoch: number
  /** Counts the renewals of the login. */
  readonly version: number
  /** When the bearer ends; absent: unknown. This and what follows: wall clock of the server, milliseconds since the Unix epoch. */
  readonly expiresAt?: number
  /** When the backend last confirmed the session. */
  readonly verifiedAt: number
  /** When these facts held. */
  readonly serverNow: number
}

/** The facts of a session that was found. */
export function factsOf(
  { session, record }: Found,
  settings: ServerSettings,
  serverNow: number,
): Omit<ServerFacts, 'user'> & { readonly user: UserIdentity | undefined } {
  const { user, epoch, version, endsAt } = session
  return {
    // No page is told what no schema has let through.
    user: shownUserOf(settings, user, readUser),
    login: record.login,
    epoch,
    version,
    ...(endsAt !== undefined && { expiresAt: endsAt }),
    verifiedAt: record.verifiedAt,
    serverNow,
  }
}
