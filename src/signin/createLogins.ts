import { isDevelopment } from '#development'
import { assertSession } from '../base/assertSession.ts'
import { systemClock } from '../base/clock.ts'
import { LoginFailed, Misconfigured } from '../base/errors.ts'
import type { AuthorizationInput } from '../oauth/codeGrant.ts'
import type { OauthProvider } from '../oauth/oauthProvider.ts'
import { createAdoption } from './adoption.ts'
import { askedAnew } from './askedAnew.ts'
import { type AttemptStore, browserAttempts } from './attemptStore.ts'
import { createAttempts } from './attempts.ts'
import { type Callback, callbackOf } from './callbackOf.ts'
import { createCallbacks } from './callbacks.ts'
import { checkProviders } from './checkProviders.ts'
import { failing } from './failing.ts'
import { inTime } from './inTime.ts'
import { isSafeWay } from './isSafeWay.ts'
import type { Purpose } from './keptAttempt.ts'
import { type LoginSession, living } from './living.ts'
import { browserLoginPage, type LoginPage } from './loginPage.ts'
import type { PopupOptions } from './popupOptions.ts'
import type { Popups } from './popups.ts'
import { createUnasked } from './unasked.ts'
import { userAt } from './userAt.ts'

/** The options of a login. */
export interface SignInOptions extends AuthorizationInput {
  /** The path of this application after the login. @default the page on which the login begins */
  readonly returnTo?: string
  /**
   * Whether the login begins without the user's request, for example by a guard. A tab begins at most two such logins
   * that fail, or whose session ends within a minute. After that, and after a failed login in this page, it rejects
   * with `LoginFailed`, until the user asks for a login.
   * @default false
   */
  readonly isUnasked?: boolean
  /**
   * Whether the user logs in in a separate window. This needs the option `popups` of `createLogins`. The page then stays as
   * it is: it keeps what the user has typed, and a session whose tokens are only in this page. Call it directly in the
   * click, before any await, because browsers let no other code open a window.
   * @default false
   */
  readonly popup?: boolean | PopupOptions
}

/** The options of logins in their page. */
export interface LoginsOptions {
  /** Tells applications of one origin apart, as `name` of `browserOptions`. @default 'xstate-session' */
  readonly name?: string
  /** The page after a login without another target. @default '/' */
  readonly home?: string
  /**
   * Called when a logout has ended the session here but not at the provider, because the provider has no page for that
   * or does not answer. The next login there then asks the user to sign in again (`prompt=login`), once, and no silent
   * login begins.
   */
  readonly onLocalLogout?: (provider: string) => void
  /** The function `popups` of this package: users can log in in a window of its own. @default none: only in this page */
  readonly popups?: Popups
  /** The page in which the user logs in. @default the page of this window */
  readonly page?: LoginPage
  /** The store of begun logins. @default IndexedDB, else `sessionStorage` */
  readonly attempts?: AttemptStore
}

/** The logins of one session. */
export interface Logins<Name extends string> {
  /**
   * Leaves the page for the provider. Resolves when the page is about to leave; with `popup`, when the user has logged in.
   *
   * With `prompt: 'none'` the provider asks the user nothing, and sends the browser back at once. If the provider knows the
   * user, the browser is back with a login; otherwise it is back without one, which is no error. A tab tries this once until
   * the user asks for a login: a second call resolves and does nothing. So does a call after a logout that ended nothing at
   * the provider. The page is left as in every login, because browsers keep the provider's cookies from a hidden frame.
   *
   * @throws Misconfigured for a page of another origin than `redirectUri`'s, whose callback would not find the attempt, and
   * for `popup` with `prompt: 'none'`, or without the option `popups`
   * @throws LoginFailed where the provider cannot be reached (`provider_unavailable`), or this browser keeps nothing
   * (`storage_unavailable`); with `popup`, also where no window opens (`popup_blocked`), or the user gives up
   * (`login_cancelled`), and as `handleCallback` does
   */
  signIn(provider: Name, options?: SignInOptions): Promise<void>
  /**
   * Asks the user of the session to sign in once more at the session's own provider, for instance with a second factor
   * (`acrValues`, `maxAge`). If the user gives up, the session stays as it is. An answer about another user is refused. The
   * session must survive while the page is left: a page that holds its tokens needs `vault: 'shared'`.
   *
   * @throws LoggedOut where nobody is logged in
   */
  stepUp(provider: Name, options?: SignInOptions): Promise<void>
  /** Like `signIn`, but replaces the present session, whichever user logs in. */
  switchUser(provider: Name, options?: SignInOptions): Promise<void>
  /** Whether this page is a callback, or a callback is being handled. A guard begins no login meanwhile. */
  isCallback(): boolean
  /**
   * Ends the login whose callback this page is: the session begins, and the address loses the provider's answer. Called
   * again, it answers the same. If a user is logged in already and the login was not meant to replace that user, it only
   * resolves to `returnTo`. In the window of a `popup` it hands the answer to the page that asked, and closes the window.
   *
   * @throws LoginFailed
   */
  handleCallback(): Promise<{ readonly returnTo: string }>
}

/**
 * Logs users of a page in, at any provider of `oauthProvider`: by redirect, with the authorization code flow. Make it
 * once for the page, beside the session, not in a component.
 *
 * @param providers the strategies of the session that are providers, under the same names
 * @example
 * const keycloak = oauthProvider({
 *   server: 'https://id.example.com/realms/staff',
 *   clientId: 'panel',
 *   redirectUri: `${location.origin}/callback`,
 * })
 * const session = createSession({ baseUrl: 'https://api.example.com', strategies: { keycloak } })
 * const logins = createLogins(session, { keycloak })
 * await logins.signIn('keycloak', { returnTo: '/users' })
 * // on the callback page
 * const { returnTo } = await logins.handleCallback()
 */
export function createLogins<Name extends string>(
  session: LoginSession,
  providers: Readonly<Record<Name, OauthProvider>>,
  options: LoginsOptions = {},
): Logins<Name> {
  assertSession(session, 'createLogins')
  checkProviders(providers)
  const { name: app = 'xstate-session', home = '/', page = browserLoginPage, attempts: store } = options
  const { wall } = systemClock
  const kept = store ?? browserAttempts(app, systemClock)
  const attempts = createAttempts(kept, wall)
  const unasked = createUnasked(page, app, wall)
  const adopt = createAdoption(session, providerOf, kept)
  const popups = options.popups?.(page, found, adopt)
  const finish = createCallbacks({ session, attempts, adopt, page, home, app })
  const all = Object.values<OauthProvider>(providers)
  let last: Promise<{ readonly returnTo: string }> | undefined
  /** The number of callbacks that are being handled. */
  let handling = 0

  for (const [name, { logins }] of Object.entries<OauthProvider>(providers)) {
    logins.onLogout(() => void leaveProvider(name).catch(() => {}))
    // The newest one is for the logout. A later one is useless.
    logins.onIdToken((idToken) => {
      if (living(session)?.provider === name) kept.keepHint(name, idToken).catch(() => {})
    })
  }

  function providerOf(name: string): OauthProvider {
    if (!Object.hasOwn(providers, name))
      throw new Misconfigured(
        `createLogins: there is no provider "${name}"${isDevelopment ? `, but ${Object.keys(providers).join(', ')}` : ''}.`,
      )
    return (providers as Readonly<Record<string, OauthProvider>>)[name] as OauthProvider
  }

  const begin =
    (purpose: Purpose) =>
    async (
      name: Name,
      { returnTo, isUnasked = false, popup, ...input }: SignInOptions = {},
    ): Promise<void> => {
      const { redirectUri, logins } = providerOf(name)
      const here = new URL(page.href())
      const { origin } = new URL(redirectUri)
      if (here.origin !== origin)
        throw new Misconfigured(
          `createLogins: this page is at ${here.origin}, and \`redirectUri\` at ${origin}${isDevelopment ? `: open the page at ${origin}, or what begins here is not found there` : ''}.`,
        )
      const user = purpose === 'stepUp' ? userAt(session, name) : undefined
      const isCallbackPage = here.pathname === new URL(redirectUri).pathname
      const way = returnTo ?? (isCallbackPage ? home : `${here.pathname}${here.search}${here.hash}`)
      const safe = isSafeWay(way, origin) ? way : home
      const isSilent = purpose === 'signIn' && input.prompt === 'none'
      if (isDevelopment && isSilent && popup)
        throw new Misconfigured(
          "createLogins: `popup` and `prompt: 'none'` exclude each other: what asks the user nothing needs no window. Leave out `popup`.",
        )
      if (popup && !popups)
        throw new Misconfigured(
          `createLogins: \`popup\` needs the option \`popups\`${isDevelopment ? ': createLogins(session, providers, { popups }), with `popups` of xstate-session/oauth' : ''}.`,
        )
      if (isSilent && !((await askedAnew(kept, name, input)) && unasked.silent())) return
      if (isUnasked) unasked.begin(safe)
      else if (!isSilent) unasked.asked()
      const begun = async (mark = '') => {
        const whole = await askedAnew(kept, name, input)
        if (!whole) throw new LoginFailed('login_required', safe)
        const { location, attempt } = await inTime((line) => logins.begin(whole, line, mark))
        const of = { provider: name, returnTo: safe, purpose, isSilent, ...(user && { userId: user.id }) }
        return { location, attempt: { ...attempt, ...of } }
      }
      if (popup && popups)
        return popups.login(popup === true ? {} : popup, () => begun(popups.mark)).catch(failing(safe))
      const { location, attempt } = await begun()
      await attempts.add(attempt).catch(() => {
        throw new LoginFailed('storage_unavailable', safe)
      })
      page.leave(location.href)
    }

  function found(href = page.href()): Callback | undefined {
    for (const { redirectUri } of all) {
      const callback = callbackOf(href, redirectUri)
      if (callback) return callback
    }
    return undefined
  }

  /** The session has ended here. Now the page goes to the provider's logout, which sends the user back. */
  async function leaveProvider(name: string): Promise<void> {
    const idToken = (await kept.readHint(name).catch(() => undefined)) || undefined
    // Somebody has logged in since.
    if (living(session)) return
    // The provider may be slow, and this page may be closed. Until the user is sent there, the logout is only here.
    await Promise.allSettled([attempts.clear(), kept.keepHint(name, '')])
    const end = await inTime((line) => providerOf(name).logins.endSession(idToken, line)).catch(
      () => undefined,
    )
    if (living(session)) return
    if (!end) return options.onLocalLogout?.(name)
    await kept.keepHint(name, undefined).catch(() => {})
    unasked.signedOut()
    page.leave(end.href)
  }

  const beginSignIn = begin('signIn')
  /** Two guards, or one that is mounted twice, begin one login. */
  let beginning: Promise<void> | undefined

  return {
    signIn(name, options) {
      if (!options?.isUnasked) return beginSignIn(name, options)
      beginning ??= beginSignIn(name, options).finally(() => {
        beginning = undefined
      })
      return beginning
    },
    stepUp: begin('stepUp'),
    switchUser: begin('switchUser'),
    isCallback: () => handling > 0 || found() !== undefined,
    handleCallback() {
      const href = page.href()
      const callback = found(href)
      // Strict mode calls twice, and the address has no answer by then.
      if (!callback && last) return last
      // This comes before everything else, because other code reads the address, and histories keep it.
      if (callback) page.rename(callback.clean)
      handling++
      const { state = '' } = callback ?? {}
      // A window that does not close was opened by the user, with an old address.
      const finishing =
        popups && state.startsWith(popups.mark)
          ? popups.leave(state, href).then(() => finish())
          : finish(callback)
      last = finishing.finally(() => {
        handling--
      })
      last.then(
        () => unasked.ended(),
        (error) => unasked.ended(error),
      )
      return last
    },
  }
}
