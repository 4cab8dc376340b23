import type { SessionUser } from '../../machines/session.types.ts'
import { InvalidAnswer, Misconfigured } from './errors.ts'

/** What the backend answers to a login or an exchange. */
export interface LoginAnswer {
  readonly token: string
  readonly refreshToken?: string | null
  /** `id`, or LibreChat's `_id`, is required. */
  readonly user: object
  /** Milliseconds since the Unix epoch, unless `expiresAtUnit` says otherwise. */
  readonly expiresAt?: unknown
}

export interface LoginOptions {
  /** The key of the strategy that refreshes this session. */
  readonly provider: string
  /** 1 to 128 of `A-Z a-z 0-9 . _ -`; blank means none. Sent as `X-Tenant-Id` by the OpenID strategy. */
  readonly tenantId?: string | null
  /** The server's id of the session; tells two sessions of one user apart in a shared coordinator. */
  readonly sessionId?: string
}

const BEARER = /^[\x21-\x7e]{1,16384}$/
const TENANT = /^[A-Za-z0-9._-]{1,128}$/
const TEXTS = ['email', 'name', 'username', 'role', 'avatar', 'tenantId'] as const

/** Visible ASCII, at most 16 KiB: what a header can carry. */
export const isBearer = (value: unknown): value is string => typeof value === 'string' && BEARER.test(value)

/** Picks the known fields into a fresh object; `undefined` where there is no id. */
export function readUser(value: unknown): SessionUser | undefined {
  const raw = (value ?? {}) as Record<string, unknown>
  const id = raw.id ?? raw._id
  if (typeof id !== 'string' || id === '') return undefined
  const user: Record<string, string> = { id }
  for (const key of TEXTS) if (typeof raw[key] === 'string') user[key] = raw[key]
  return user as unknown as SessionUser
}

/** Trims; blank is none; anything that a backend would silently ignore is refused. The value is never quoted. */
export function readTenant(value: unknown): string | undefined {
  const tenant = typeof value === 'string' ? value.trim() : (value ?? '')
  if (tenant === '') return undefined
  if (typeof tenant !== 'string' || !TENANT.test(tenant) || tenant === '__SYSTEM__')
    throw new Misconfigured(
      '"tenantId" must be 1 to 128 characters of A-Z a-z 0-9 . _ - and no reserved name.',
    )
  return tenant
}

/** The parts of a login answer, or an error that names the field. */
export function readLogin(answer: LoginAnswer) {
  const { token, refreshToken, user, expiresAt } = answer ?? {}
  const knownUser = readUser(user)
  if (!isBearer(token)) throw new InvalidAnswer('The login answer has no usable "token".')
  if (!knownUser) throw new InvalidAnswer('The login answer has no "user" with an "id".')
  if (refreshToken != null && typeof refreshToken !== 'string')
    throw new InvalidAnswer('The "refreshToken" of the login answer is not a string.')
  return {
    bearer: token,
    refreshToken: refreshToken || undefined,
    user: knownUser,
    expiresAt,
  }
}
