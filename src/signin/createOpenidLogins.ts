import { assertSession } from '../base/assertSession.ts'
import { systemClock } from '../base/clock.ts'
import { ATTEMPT_TIMEOUT_MS } from '../base/durations.ts'
import { LoginFailed, Misconfigured } from '../base/errors.ts'
import { parseJson } from '../base/json.ts'
import { optionsOf } from '../base/optionsOf.ts'
import { parseUrl } from '../base/parseUrl.ts'
import { whereFrom } from '../base/whereFrom.ts'
import { codeSteps } from '../librechat/login/codeSteps.ts'
import { ssoProviders } from '../librechat/login/ssoProviders.ts'
import { isSafeWay } from './isSafeWay.ts'
import type { LoginSession } from './living.ts'
import { browserLoginPage as page } from './loginPage.ts'

/** The backend at which users of a page log in. `baseUrl` is required. */
export interface OpenidLoginsOptions {
  /** LibreChat's address, absolute: the `baseUrl` of the session. */
  readonly baseUrl: string
  /** The path of this page to which LibreChat sends users back, at its `ADMIN_PANEL_URL`. @default '/auth/openid/callback' */
  readonly callbackPath?: string
  /** The session's name of its `openidStrategy`. @default 'openid' */
  readonly provider?: string
  /** The tenant of the session: see `tenantId` of `LoginOptions`. @default none */
  readonly tenantId?: string
}

/** The logins of a page through LibreChat's OpenID provider. */
export interface OpenidLogins {
  /**
   * Leaves the page for the provider, after it has asked LibreChat whether it is there. The user comes back to
   * `returnTo`, a path of this application. @default the page on which the login begins
   *
   * @throws LoginFailed if LibreChat does not answer (`backend_unavailable`, `backend_timeout`), has no OpenID
   * (`openid_not_configured`), or this browser stores nothing (`storage_unavailable`). The page stays as it is.
   */
  signIn(options?: { readonly returnTo?: string }): Promise<void>
  /** Whether this page is the one to which LibreChat sends users back. */
  isCallback(): boolean
  /**
   * Ends the login whose callback this page is: the session begins, and the address becomes that of `returnTo`. Called
   * again, it answers the same.
   *
   * @throws LoginFailed if no login began in this tab (`unknown_attempt`), or for the reason that LibreChat gives
   */
  handleCallback(): Promise<{ readonly returnTo: string }>
}

/** In the storage of the tab: what belongs to the login that it began last. */
const KEY = 'xstate-session-openid'
const HOME = '/'

/**
 * Logs users of a page in through LibreChat's OpenID provider. The page holds the tokens itself, with `openidStrategy`.
 * Make it once, beside the session. It does not log in by password.
 *
 * @throws Misconfigured for options that cannot work.
 * @example
 * const baseUrl = 'https://chat.example.com'
 * const session = createSession({ baseUrl, strategies: { openid: openidStrategy() } })
 * const logins = createOpenidLogins(session, { baseUrl })
 * if (logins.isCallback()) await logins.handleCallback()
 * else await logins.signIn()
 */
export function createOpenidLogins(session: LoginSession, options: OpenidLoginsOptions): OpenidLogins {
  assertSession(session, 'createOpenidLogins')
  const {
    baseUrl,
    callbackPath = '/auth/openid/callback',
    provider = 'openid',
    tenantId,
  } = optionsOf('createOpenidLogins', options)
  const url = parseUrl(baseUrl)
  if (!url || !/^https?:/.test(url.protocol))
    throw new Misconfigured(
      `createOpenidLogins: \`baseUrl\` must be an absolute http(s) URL.${whereFrom(baseUrl)}`,
    )
  const base = url.href.endsWith('/') ? url.href : `${url.href}/`
  const line = {
    baseUrl: base,
    // A server that renders the page may make these logins too, and has no address of the page.
    get origin() {
      return new URL(page.href()).origin
    },
    clock: systemClock,
    attemptTimeoutMs: ATTEMPT_TIMEOUT_MS,
    limiter: undefined,
  }
  const steps = codeSteps(
    line,
    base,
    { openid: callbackPath },
    () => tenantId,
    undefined,
    ssoProviders(line, false),
  )
  let last: Promise<{ readonly returnTo: string }> | undefined

  const isCallback = () => {
    const { pathname, searchParams } = new URL(page.href())
    return pathname === callbackPath && ['code', 'error'].some((name) => searchParams.has(name))
  }

  async function finish(href: string): Promise<{ readonly returnTo: string }> {
    const { verifier, returnTo: way } = (parseJson(page.recall(KEY) ?? '')?.value ?? {}) as Partial<Kept>
    page.remember(KEY, undefined)
    const returnTo = typeof way === 'string' && isSafeWay(way, line.origin) ? way : HOME
    // Before everything else: other code reads the address, and histories keep it.
    page.rename(returnTo)
    const step = await steps.callback({ request: new Request(href) }, verifier)
    if ('done' in step) {
      const { answer, tenantId: tenant } = step.done
      await session.login(answer, { provider, ...(tenant !== undefined && { tenantId: tenant }) })
      return { returnTo }
    }
    const code = 'refused' in step ? step.refused.code : 'invalid_answer'
    throw new LoginFailed(code === 'login_not_started' ? 'unknown_attempt' : code, returnTo)
  }

  return {
    async signIn({ returnTo } = {}) {
      const { pathname, search, hash } = new URL(page.href())
      const { location, keep } = await steps.begin({ request: new Request(page.href()), input: {} })
      const kept = JSON.stringify({ verifier: keep, returnTo: returnTo ?? `${pathname}${search}${hash}` })
      page.remember(KEY, kept)
      if (page.recall(KEY) !== kept) throw new LoginFailed('storage_unavailable', returnTo)
      page.leave(location.href)
    },
    isCallback,
    handleCallback() {
      // React's strict mode calls twice, and the address has no code by then.
      if (!isCallback() && last) return last
      last = finish(page.href())
      return last
    },
  }
}

interface Kept {
  readonly verifier: string
  readonly returnTo: string
}
