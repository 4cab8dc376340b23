import type { SessionUser, UserIdentity } from '../../machines/session.types.ts'
import { readUser } from '../base/readUser.ts'
import type { Found } from './foundSession.ts'
import type { ServerSettings } from './readServerOptions.ts'
import { shownUserOf } from './shownUserOf.ts'

/**
 * Only this session may read its answers. The last two headers hide an address from scripts of the page: the address of
 * a callback holds its code, and a script could open it in a frame or a window.
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

/** Code in front of this server has read the body, so the body cannot be passed on. */
export const bodyAlreadyRead = () =>
  failure(500, 'body_already_read', {
    expected:
      'an unread body: mount the session server before middleware that parses bodies, such as express.json',
  })

export function redirect(location: string, cookies: readonly string[] = [], status: 302 | 303 = 302) {
  const headers = new Headers({ ...HEADERS, location, 'referrer-policy': 'no-referrer' })
  for (const cookie of cookies) headers.append('set-cookie', cookie)
  return new Response(null, { status, headers })
}

/** The facts that a page may know of a session: its user, its login, the end of its bearer, its version. */
export interface ServerFacts<User extends UserIdentity = SessionUser> {
  /** As the schema of the option `user` and JSON show it. */
  readonly user: User
  /** The public name of the login. */
  readonly login: string
  /** Tells logins apart; a later login has a greater number. */
  readonly epoch: number
  /** Counts the renewals of the login. */
  readonly version: number
  /**
   * When the bearer ends; absent: unknown. This and the fields below: the server's wall clock, milliseconds since the
   * Unix epoch.
   */
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
    // A page gets no user that the schema refused.
    user: shownUserOf(settings, user, readUser),
    login: record.login,
    epoch,
    version,
    ...(endsAt !== undefined && { expiresAt: endsAt }),
    verifiedAt: record.verifiedAt,
    serverNow,
  }
}
