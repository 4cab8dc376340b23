import { isDevelopment } from '#development'
import { assertHas } from '../base/assertHas.ts'
import { systemClock } from '../base/clock.ts'
import { Misconfigured } from '../base/errors.ts'
import { optionsOf } from '../base/optionsOf.ts'
import { parseUrl } from '../base/parseUrl.ts'
import { whereFrom } from '../base/whereFrom.ts'
import { within } from '../base/within.ts'
import type { RevokeRequest, SessionStrategy } from '../session/strategy.ts'
import { isAdmitted } from './admission.ts'
import { createCodeFlow } from './codeFlow.ts'
import type { CodeFlow } from './codeGrant.ts'
import { createDiscovery } from './discovery.ts'
import { userOf } from './idToken.ts'
import { leavesRevocation } from './leavesRevocation.ts'
import { readOauthOptions } from './oauthOptions.ts'
import type { OauthProviderOptions } from './oauthProviderOptions.ts'
import { createRefreshes, type Renewed } from './refreshes.ts'

/** One provider: how its sessions are renewed, and how its logins work. */
export interface OauthProvider extends SessionStrategy {
  /** As it was given. */
  readonly redirectUri: string
  /** The parts for `createLogins`. */
  readonly logins: CodeFlow & {
    /** Calls the last given `listener` when the user has ended a session here, and its tokens are revoked. */
    onLogout(listener: () => void): void
    /** Calls the last given `listener` with the ID token of each renewal that has one. */
    onIdToken(listener: (idToken: string) => void): void
  }
}

/**
 * Logs users in at an OpenID provider with the authorization code flow and PKCE, and renews their sessions as
 * `oauthStrategy` does. It is a strategy of `createSession`, and a provider of `createLogins`.
 *
 * Needs the optional peer `oauth4webapi`.
 *
 * @throws Misconfigured for options that cannot work.
 * @example
 * const keycloak = oauthProvider({
 *   server: 'https://id.example.com/realms/staff',
 *   clientId: 'panel',
 *   redirectUri: 'https://panel.example.com/callback',
 *   scope: 'openid profile email offline_access',
 * })
 */
export function oauthProvider(options: OauthProviderOptions): OauthProvider {
  const {
    scope: _,
    redirectUri,
    userinfo,
    admit,
    postLogoutRedirectUri,
    logoutUrl,
    dpop,
    ...rest
  } = optionsOf('oauthProvider', options)
  for (const [name, value] of Object.entries({ redirectUri, postLogoutRedirectUri, logoutUrl }))
    if ((name === 'redirectUri' || value !== undefined) && !isAbsolute(value))
      throw new Misconfigured(
        `oauthProvider: \`${name}\` must be an absolute http(s) URL without a fragment.${whereFrom(value)}`,
      )
  const read = readOauthOptions(options, 'oauthProvider')
  if (isDevelopment && read.issuer.hostname === 'accounts.google.com' && rest.clientAuth === undefined)
    throw new Misconfigured(
      'oauthProvider: Google gives a page no tokens without a client secret, and a page cannot keep a secret. Log in on a server, with oauthLogin.',
    )
  const proven = dpop?.(read)
  if (isDevelopment && dpop)
    assertHas(proven, ['renewals', 'flow'], 'oauthProvider: `dpop`', 'what dpopKey() returns')
  const discovery = createDiscovery(read)
  const refreshes = createRefreshes(rest, discovery, mayStay)
  const ended = new WeakSet<AbortSignal>()
  let onLogout: (() => void) | undefined
  let onIdToken: ((idToken: string) => void) | undefined

  /**
   * Whether the user of a renewal may still log in. If the provider does not return all claims now, the earlier ones
   * hold.
   */
  async function isStillAdmitted({ provider, claims, bearer, line }: Renewed) {
    if (!admit) return true
    const all = userinfo
      ? await userinfo(discovery, provider, claims, bearer, line).catch(() => undefined)
      : claims
    return all === undefined || isAdmitted(admit, (rest.user ?? userOf)(all), all)
  }

  async function mayStay(renewed: Renewed): Promise<boolean> {
    const isIn = await isStillAdmitted(renewed)
    if (isIn) onIdToken?.(renewed.idToken)
    return isIn
  }

  async function revoke(end: RevokeRequest): Promise<boolean> {
    const { provider } = await discovery.discover(end)
    if (onLogout && leavesRevocation(options, end, provider)) return true
    return (await refreshes.revoke?.(end)) ?? false
  }

  const flow = createCodeFlow(options, discovery)

  return {
    ...(proven?.renewals(refreshes) ?? refreshes),
    ...read.resend,
    async revoke(end) {
      const revoking = revoke(end)
      // A failed revocation is tried again with the same signal: the logout is reported once.
      if (end.cause === 'logout' && onLogout && !ended.has(end.signal)) {
        ended.add(end.signal)
        await within(
          systemClock,
          REVOKING_MS,
          () => revoking,
          () => new Error('late'),
        ).catch(() => {})
        onLogout()
      }
      return revoking
    },
    redirectUri,
    logins: {
      ...(proven?.flow(flow) ?? flow),
      onLogout(listener) {
        onLogout = listener
      },
      onIdToken(listener) {
        onIdToken = listener
      },
    },
  }
}

/** How long the page waits for a revocation before it leaves for the provider's own logout. */
const REVOKING_MS = 2_000

const isAbsolute = (value: unknown): boolean => /^https?:[^#]+$/.test(parseUrl(String(value))?.href ?? '')
