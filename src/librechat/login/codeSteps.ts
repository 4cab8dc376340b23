import { LoginFailed } from '../../base/errors.ts'
import { randomId } from '../../base/randomId.ts'
import type { LoginGrant, LoginStep, RunningLogin } from '../../server/serverLogin.ts'
import type { LibrechatLine } from './line.ts'
import { callLogin } from './loginCall.ts'
import { exchangeRefusal } from './loginWords.ts'
import { providerSession } from './providerSession.ts'
import type { SsoProviders } from './ssoProviders.ts'

/** The providers of a backend, and the pathnames of their callbacks. */
export interface CallbackPaths {
  readonly openid: string
  readonly google?: string
}

type TenantOf = (request: Request) => string | undefined | Promise<string | undefined>

/**
 * LibreChat's logins through its OpenID provider and with Google. LibreChat does not return our `state`, so a callback
 * cannot be matched to an attempt. It also deletes the code before it checks anything. So attempts share one verifier.
 */
export function codeSteps(
  line: LibrechatLine,
  browserBaseUrl: string,
  callbackPaths: CallbackPaths,
  tenantOf: TenantOf,
  issuer: string | undefined,
  { assertReady }: Pick<SsoProviders, 'assertReady'>,
): Required<Pick<RunningLogin, 'begin' | 'callback'>> {
  return {
    /**
     * LibreChat accepts as challenge the hexadecimal SHA-256 of the verifier (not RFC 7636). Nothing else is sent,
     * because some of its versions take any other parameter for the callback.
     */
    async begin({ kept, input: { provider = 'openid' } }) {
      if (typeof provider !== 'string' || !Object.hasOwn(callbackPaths, provider))
        throw new LoginFailed('invalid_request')
      await assertReady(provider)
      const verifier = typeof kept === 'string' ? kept : randomId()
      const location = new URL(`api/admin/oauth/${provider}`, browserBaseUrl)
      location.searchParams.set('code_challenge', await sha256Hex(verifier))
      return { location, keep: verifier }
    },

    /** The origin is the configured one, and never taken from a header. */
    async callback({ request, clientIp }, verifier): Promise<LoginStep> {
      const { pathname, searchParams } = new URL(request.url)
      const refused = (code: string): LoginStep => ({ refused: { status: 401, code } })
      if (searchParams.has('error')) return refused(errorOf(searchParams.get('error')))
      if (verifier === undefined) return refused('login_not_started')
      const code = searchParams.get('code')
      if (!code || !/^[a-f0-9]{64}$/.test(code)) return refused('invalid_code')
      const result = await callLogin(line, clientIp, {
        path: 'api/admin/oauth/exchange',
        body: { code, code_verifier: verifier },
        headers: { origin: line.origin },
        isLimited: true,
        refusal: exchangeRefusal,
      })
      if (result.kind === 'none') return { refused: result.why }
      const { said } = result
      const strategy = pathname === callbackPaths.google ? 'google' : 'openid'
      // A user may have both. For Google's login this is nobody's `sub`.
      const sub = strategy === 'openid' && (said.user as { openidId?: unknown }).openidId
      const sid = providerSession(said.token, issuer)
      const done: LoginGrant = {
        // A value of another type counts as none: the login is good without it.
        answer: { ...said, refreshToken: textOf(said.refreshToken) } as unknown as LoginGrant['answer'],
        strategy,
        tenantId: await tenantOf(request),
        ...(typeof sub === 'string' && sub && { sub }),
        ...(sid !== undefined && { sid }),
      }
      return { done }
    },
  }
}

const textOf = (value: unknown) => (typeof value === 'string' ? value : null)

/** LibreChat's error, if it is one of its words. */
const errorOf = (error: string | null) =>
  error && ['auth_failed', 'pkce_store_failed', 'pkce_retrieval_failed'].includes(error)
    ? error
    : 'auth_failed'

async function sha256Hex(text: string): Promise<string> {
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
  return Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, '0')).join('')
}
