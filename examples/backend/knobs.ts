/** What an operator may change while the backend runs. Every request reads the current value. */
export interface Knobs {
  /** Life of an access token in milliseconds. JWT `exp` keeps whole seconds only. @default 900_000 */
  sessionMs: number
  /** Life of access tokens from the SSO exchange and refresh; absent: as `sessionMs`. */
  ssoSessionMs: number | undefined
  /** Absolute life of a local session in milliseconds; rotation does not extend it. @default 604_800_000 */
  refreshMs: number
  /** `OPENID_REUSE_TOKENS`. @default true */
  reuseTokens: boolean
  /** Whether an OpenID strategy is initialised at all. @default true */
  openidConfigured: boolean
  /** Whether the login with Google is set up. @default true */
  googleConfigured: boolean
  /** `TENANT_ISOLATION_STRICT`. @default false */
  strictTenant: boolean
  /** Body of the 401 of the bearer check: older builds send text without a content type. @default 'json' */
  unauthorizedBody: 'json' | 'text'
  /** Added to the backend's clock: moves `Date`, `iat`, `exp` and `expiresAt`. @default 0 */
  clockOffsetMs: number
  limiter: {
    /** @default false */
    enabled: boolean
    /** @default 7 */
    max: number
    /** @default 300_000 */
    windowMs: number
  }
  /** The client's IP is banned: on the login routes, and before the grant of an OpenID refresh. @default false */
  banned: boolean
  /** Origins that the same-origin guard of newer releases lets pass on the login routes; absent: no guard. */
  trustedOrigins: readonly string[] | undefined
  /** Local accounts without a second factor have to enrol one first. @default false */
  requireTwoFactor: boolean
  /** The capability store is down. @default false */
  capabilityLookupFails: boolean
  /** E-mail domains that may sign in with OpenID; absent: all. */
  allowedDomains: readonly string[] | undefined
  /** `expiresAt` in exchange answers; older builds have none. @default true */
  exchangeExpiresAt: boolean
  /** Logout of an OpenID user names the provider's end-session URL. @default false */
  endSession: boolean
  /** `Secure` on the session cookies. @default false */
  secureCookies: boolean
  /** Time between the lookup and the write of a session row: makes races repeatable. @default 0 */
  storeDelayMs: number
  provider: {
    /** A refresh answers with a new refresh token and consumes the old one. @default true */
    rotate: boolean
    /** How long a consumed refresh token still works; 0: reuse revokes the whole grant at once. @default 0 */
    reuseGraceMs: number
    /** Life of new refresh tokens in whole seconds. @default 1_209_600 */
    refreshTtlSeconds: number
    /** Latency of the provider's store: reuse detection is check-then-act and misses races. @default 0 */
    storeDelayMs: number
  }
}

/** Knobs to start with; groups may be given in part. */
export type KnobOptions = Partial<Omit<Knobs, 'limiter' | 'provider'>> & {
  readonly limiter?: Partial<Knobs['limiter']>
  readonly provider?: Partial<Knobs['provider']>
}

export function createKnobs(options: KnobOptions = {}): Knobs {
  return {
    sessionMs: 900_000,
    ssoSessionMs: undefined,
    refreshMs: 7 * 24 * 3_600_000,
    reuseTokens: true,
    openidConfigured: true,
    googleConfigured: true,
    strictTenant: false,
    unauthorizedBody: 'json',
    clockOffsetMs: 0,
    banned: false,
    trustedOrigins: undefined,
    requireTwoFactor: false,
    capabilityLookupFails: false,
    allowedDomains: undefined,
    exchangeExpiresAt: true,
    endSession: false,
    secureCookies: false,
    storeDelayMs: 0,
    ...options,
    limiter: { enabled: false, max: 7, windowMs: 300_000, ...options.limiter },
    provider: {
      rotate: true,
      reuseGraceMs: 0,
      refreshTtlSeconds: 14 * 24 * 3600,
      storeDelayMs: 0,
      ...options.provider,
    },
  }
}
