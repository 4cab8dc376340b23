import { Misconfigured } from '../base/errors.ts'
import type { SessionStrategy } from '../session/strategy.ts'
import { type CodeFlow, createCodeFlow } from './codeFlow.ts'
import { createDiscovery } from './discovery.ts'
import { readOauthOptions } from './oauthOptions.ts'
import type { OauthProviderOptions } from './oauthProviderOptions.ts'
import { createRefreshes } from './refreshes.ts'

/** One provider: how its sessions are renewed, and how its logins go. */
export interface OauthProvider extends SessionStrategy {
  /** As it was given. */
  readonly redirectUri: string
  /** What `createLogins` is made of. */
  readonly logins: CodeFlow & {
    /** Calls `listener` when the user has ended a session here, and its tokens are revoked. */
    onLogout(listener: () => void): void
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
  const { scope, redirectUri, userinfo, postLogoutRedirectUri, revokesAtLogout = true, ...rest } = options
  if (!isAbsolute(redirectUri))
    throw new Misconfigured('oauthProvider: `redirectUri` must be an absolute URL without a fragment.')
  if (scope !== undefined && !/(^| )openid( |$)/.test(scope))
    throw new Misconfigured(
      'oauthProvider: `scope` must contain "openid": else nobody says who has logged in.',
    )
  const read = readOauthOptions(rest)
  if (postLogoutRedirectUri !== undefined && !isAbsolute(postLogoutRedirectUri))
    throw new Misconfigured(
      'oauthProvider: `postLogoutRedirectUri` must be an absolute URL without a fragment.',
    )
  const discovery = createDiscovery(read)
  const refreshes = createRefreshes(rest, discovery)
  const listeners = new Set<() => void>()
  return {
    ...refreshes,
    ...read.resend,
    async revoke(end) {
      const isLogout = end.cause === 'logout'
      const { provider } = await discovery.discover(end)
      const isEndedThere = isLogout && listeners.size > 0 && provider?.end_session_endpoint !== undefined
      const isRevoked = revokesAtLogout || !isEndedThere ? await refreshes.revoke?.(end) : true
      if (isLogout) for (const listener of listeners) listener()
      return isRevoked ?? false
    },
    redirectUri,
    logins: {
      ...createCodeFlow(options, discovery),
      onLogout: (listener) => void listeners.add(listener),
    },
  }
}

function isAbsolute(value: unknown): boolean {
  try {
    return new URL(String(value)).hash === '' && typeof value === 'string'
  } catch {
    return false
  }
}
