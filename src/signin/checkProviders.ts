import { isDevelopment } from '#development'
import { Misconfigured } from '../base/errors.ts'
import type { OauthProvider } from '../oauth/oauthProvider.ts'

/** Throws if logins at these providers could not be distinguished. */
export function checkProviders(given: Readonly<Record<string, OauthProvider>>): void {
  const providers = Object.values(given ?? {})
  const isNone = (provider: OauthProvider) => typeof provider?.logins?.begin !== 'function'
  if (isDevelopment && (providers.length === 0 || providers.some(isNone)))
    throw new Misconfigured('createLogins: give an object with an oauthProvider() for each provider.')
  // The addresses may come from a configuration, which may be wrong in production only.
  const callbacks = providers.map(({ redirectUri }) => new URL(redirectUri).href)
  if (new Set(callbacks).size < callbacks.length)
    throw new Misconfigured(
      `createLogins: two providers have one \`redirectUri\`${isDevelopment ? ': give each its own, or the answer of one provider can be taken for that of the other (RFC 9700 section 4.4.2)' : ''}.`,
    )
}
