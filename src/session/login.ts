import { isDevelopment } from '#development'
import type { UserDocument } from '../../machines/session.types.ts'
import { InvalidAnswer, Misconfigured } from '../base/errors.ts'
import { isBearer } from '../base/isBearer.ts'
import { TENANT } from '../base/tenant.ts'
import { userReader } from '../base/userReader.ts'
import { toTokens } from './vault.ts'

/** The backend's answer to a login or an exchange. */
export interface LoginAnswer {
  /** The bearer: visible ASCII, at most 16 KiB. */
  readonly token: string
  /** The token that renews the bearer; absent or `null`: there is none, or a cookie jar keeps it. */
  readonly refreshToken?: string | null | undefined
  /** It must have an `id`, or LibreChat's `_id`. */
  readonly user: object
  /** Milliseconds since the Unix epoch, unless `expiresAtUnit` says otherwise. */
  readonly expiresAt?: unknown
  /** How long the bearer lives from now on, if there is no `expiresAt`; seconds (RFC 6749 section 5.1). */
  readonly expiresIn?: number | undefined
  /** The name of the key to which the tokens are bound, for strategies that bind them. */
  readonly keyId?: string | undefined
}

/** The user whose session begins, and how it is renewed. */
export interface LoginOptions {
  /** The key of the strategy that refreshes this session. */
  readonly provider: string
  /** 1 to 128 of `A-Z a-z 0-9 . _ -`; blank means none. Sent as `X-Tenant-Id` by the OpenID strategy. */
  readonly tenantId?: string | null
  /** The server's id of the session; tells two sessions of one user apart in a shared coordinator. */
  readonly sessionId?: string
}

/**
 * Trims the value; a blank one is none. Refuses a value that a backend would silently ignore. The value is never
 * quoted.
 */
export function readTenant(value: unknown): string | undefined {
  const tenant = typeof value === 'string' ? value.trim() : (value ?? '')
  if (tenant === '') return undefined
  if (typeof tenant !== 'string' || !TENANT.test(tenant))
    throw new Misconfigured(
      isDevelopment
        ? '"tenantId" must be 1 to 128 characters of A-Z a-z 0-9 . _ - and no reserved name.'
        : '"tenantId" is not allowed.',
    )
  return tenant
}

/** The user of the tokens in the vault. */
export interface Owner {
  readonly provider: string
  /** The user in its stored form. */
  readonly user: UserDocument
  readonly tenantId?: string
  readonly sessionId?: string
  /** The key to which the tokens are bound. */
  readonly keyId?: string
  /** Wall clock, milliseconds since the Unix epoch. */
  readonly startedAt: number
}

/** The parts of a login. Throws an error that names what is wrong with it. */
export function readLogin(
  answer: LoginAnswer,
  options: LoginOptions,
  providers: object,
  startedAt: number,
  users = userReader(undefined),
) {
  const { token, refreshToken, user: rawUser, expiresAt, expiresIn, keyId } = answer ?? {}
  const { provider, sessionId } = options ?? {}
  const user = users.keep(rawUser)
  if (isDevelopment && answer instanceof Response)
    throw new InvalidAnswer('Give the parsed body: await response.json().')
  if (!isBearer(token))
    throw new InvalidAnswer(`The login answer has no usable "token"; it has: ${Object.keys(answer ?? {})}.`)
  if (!user) throw new InvalidAnswer('The login answer has no "user" with an "id".')
  if (refreshToken != null && typeof refreshToken !== 'string')
    throw new InvalidAnswer('The "refreshToken" of the login answer is not a string.')
  if (!Object.hasOwn(providers, provider))
    throw new Misconfigured(
      `"provider" is none of the strategies${isDevelopment ? `: ${Object.keys(providers).join(', ')}` : ''}.`,
    )
  const tenantId = readTenant(options.tenantId)
  const owner: Owner = {
    provider,
    user,
    startedAt,
    ...(tenantId && { tenantId }),
    ...(sessionId && { sessionId }),
    ...(keyId && { keyId }),
  }
  return {
    owner,
    tokens: toTokens(token, refreshToken ?? undefined),
    bearer: token,
    life: { expiresAt, expiresIn },
  }
}
