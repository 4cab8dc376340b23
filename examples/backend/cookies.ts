import type { Context } from 'hono'
import { getCookie } from 'hono/cookie'
import type { BackendContext, BackendEnv } from './context.ts'
import type { SessionRow } from './sessions.ts'

const names = ['refreshToken', 'openid_access_token', 'openid_id_token', 'openid_user_id', 'token_provider']

/** Both session cookies: HttpOnly, strict, on the whole site, with `Expires` and no `Max-Age` or `Domain`. */
export function setSessionCookies(
  c: Context<BackendEnv>,
  context: BackendContext,
  row: SessionRow,
  token: string,
): void {
  const attributes = [
    'Path=/',
    `Expires=${new Date(row.expiration).toUTCString()}`,
    'HttpOnly',
    ...(context.knobs.secureCookies ? ['Secure'] : []),
    'SameSite=Strict',
  ].join('; ')
  c.header('Set-Cookie', `refreshToken=${encodeURIComponent(token)}; ${attributes}`, { append: true })
  c.header('Set-Cookie', `token_provider=librechat; ${attributes}`, { append: true })
}

export function clearSessionCookies(c: Context<BackendEnv>): void {
  for (const name of names) {
    c.header('Set-Cookie', `${name}=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT`, { append: true })
  }
}

/** The refresh token in the request's cookies; an empty one counts as none. */
export function refreshCookie(c: Context<BackendEnv>): string | undefined {
  return getCookie(c, 'refreshToken') || undefined
}
