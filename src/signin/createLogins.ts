import type { UserIdentity } from '../../machines/session.types.ts'
import { systemClock } from '../base/clock.ts'
import { LoginFailed, Misconfigured } from '../base/errors.ts'
import { isOwnPath } from '../browser/isOwnPath.ts'
import type { AuthorizationInput, ProviderGrant } from '../oauth/codeFlow.ts'
import type { OauthProvider } from '../oauth/oauthProvider.ts'
import type { Line } from '../oauth/wireCall.ts'
import type { BaseSession, Session } from '../session/session.ts'
import { type AttemptStore, browserAttempts } from './attemptStore.ts'
import { ATTEMPT_MS, createAttempts } from './attempts.ts'
import { type Callback, callbackOf } from './callbackOf.ts'
import type { KeptAttempt, Purpose } from './keptAttempt.ts'
import { browserLoginPage, type LoginPage } from './loginPage.ts'

/** How a login begins. */
export interface SignInOptions extends AuthorizationInput {
  /** The path of this application to which the login leads. @default the page on which the login begins */
  readonly returnTo?: string
}

/** How logins live in their page. */
export interface LoginsOptions {
  /** Where users go whose login leads nowhere else. @default '/' */
  readonly home?: string
  /** The page in which the user logs in. @default the page of this window */
  readonly page?: LoginPage
  /** Where begun logins are kept. @default IndexedDB, else `sessionStorage` */
  readonly attempts?: AttemptStore
}

/** Logins of one session. */
export interface Logins<Name extends string> {
  /**
   * Leaves the page for the provider. Resolves when the page is about to leave.
   *
   * @throws Misconfigured for a page of another origin than `redirectUri`'s, whose callback would not find the attempt
   * @throws LoginFailed where the provider cannot be reached: `provider_unavailable`
   */
  signIn(provider: Name, options?: SignInOptions): Promise<void>
  /**
   * Has the user of the session sign in once more, for instance with a second factor (`acrValues`, `maxAge`). The session
   * stays as it is if the user gives up; an answer about another user is refused.
   */
  stepUp(provider: Name, options?: SignInOptions): Promise<void>
  /** As `signIn`, in place of the session that is there, whoever comes. */
  switchUser(provider: Name, options?: SignInOptions): Promise<void>
  /** Whether this page is the callback of a login: a guard waits for `handleCallback` there. */
  isCallback(): boolean
  /**
   * Ends the login whose callback this page is: the session begins, and the address loses the provider's answer. Called
   * again, it answers the same. Where somebody is logged in already, a login that was not to replace them leads on.
   *
   * @throws LoginFailed
   */
  handleCallback(): Promise<{ readonly returnTo: string }>
}

/** The session that logins begin; whatever its users are. */
export type LoginSession = Pick<BaseSession<UserIdentity>, 'getSnapshot' | 'subscribe'> &
  Pick<Session, 'login'>

/** How long the provider may take for each of its answers. */
const PATIENCE_MS = 25_000

/**
 * Logs users of a page in, at any provider of `oauthProvider`: by redirect, with the authorization code flow.
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
  { home = '/', page = browserLoginPage, attempts: store }: LoginsOptions = {},
): Logins<Name> {
  const { wall } = systemClock
  const kept = store ?? browserAttempts(systemClock)
  const attempts = createAttempts(kept, wall)
  const all = Object.values<OauthProvider>(providers)
  if (all.length === 0 || all.some((provider) => typeof provider?.logins?.begin !== 'function'))
    throw new Misconfigured('createLogins: give an object with an oauthProvider() for each provider.')
  let last: Promise<{ readonly returnTo: string }> | undefined

  for (const [name, { logins }] of Object.entries<OauthProvider>(providers))
    logins.onLogout(() => void leaveProvider(name).catch(() => {}))

  function providerOf(name: string): OauthProvider {
    const provider = (providers as Readonly<Record<string, OauthProvider>>)[name]
    if (!provider)
      throw new Misconfigured(
        `createLogins: there is no provider "${name}", but ${Object.keys(providers).join(', ')}.`,
      )
    return provider
  }

  const begin =
    (purpose: Purpose) =>
    async (name: Name, { returnTo, ...input }: SignInOptions = {}): Promise<void> => {
      const { redirectUri, logins } = providerOf(name)
      const here = new URL(page.href())
      const { origin } = new URL(redirectUri)
      if (here.origin !== origin)
        throw new Misconfigured(
          `createLogins: this page is at ${here.origin}, and \`redirectUri\` at ${origin}: what begins on one is not found on the other. Open the page at ${origin}.`,
        )
      const way = returnTo ?? `${here.pathname}${here.search}${here.hash}`
      const { location, attempt } = await inTime((line) => logins.begin(input, line))
      await attempts.add({
        ...attempt,
        provider: name,
        returnTo: isSafe(way, origin) ? way : home,
        purpose,
        beganAt: wall(),
      })
      page.leave(location.href)
    }

  const found = (): Callback | undefined => {
    for (const { redirectUri } of all) {
      const callback = callbackOf(page.href(), redirectUri)
      if (callback) return callback
    }
    return undefined
  }

  async function finish(callback: Callback | undefined) {
    const attempt = callback && (await attempts.take(callback.state))
    // Another tab has the code: the session that it brings is this tab's, too.
    const waitMs = attempt?.takenAt === undefined ? 0 : attempt.takenAt + PATIENCE_MS - wall()
    const user = await userOf(session, waitMs)
    const isSafeWay = attempt && isSafe(attempt.returnTo, new URL(page.href()).origin)
    const returnTo = isSafeWay && (attempt.takenAt === undefined || waitMs > 0) ? attempt.returnTo : home
    const isOpen = attempt !== undefined && attempt.takenAt === undefined
    // Whoever is logged in goes on: from a second tab, the history, an address that was opened again.
    if (user && (!isOpen || attempt.purpose === 'signIn')) return { returnTo }
    if (!callback || !isOpen) throw new LoginFailed('unknown_attempt')
    if (wall() >= attempt.beganAt + ATTEMPT_MS) throw new LoginFailed('attempt_expired', returnTo)
    try {
      await adopt(attempt, callback, user)
    } catch (error) {
      throw error instanceof LoginFailed ? new LoginFailed(error.reason, returnTo) : error
    }
    return { returnTo }
  }

  async function adopt(attempt: KeptAttempt, { parameters }: Callback, before: string | undefined) {
    const { logins } = providerOf(attempt.provider)
    const grant = await inTime((line) => logins.finish(attempt, parameters, line))
    const now = await userOf(session)
    // Somebody logged in, or out, while the provider was asked.
    const isMoved = now !== before
    if (isMoved || (attempt.purpose === 'stepUp' && grant.user.id !== before)) {
      letGo(attempt.provider, grant)
      throw new LoginFailed('other_user')
    }
    await session.login(grant, { provider: attempt.provider })
    await kept.keepHint(attempt.provider, grant.idToken).catch(() => {})
  }

  /** Of tokens that nobody uses the provider is told, as far as it listens. */
  function letGo(name: string, { token, refreshToken, user }: ProviderGrant) {
    const request = { baseUrl: '', userId: user.id, attemptId: crypto.randomUUID(), cause: 'late' } as const
    const tokens = { bearer: token, ...(refreshToken && { refreshToken }) }
    inTime(async ({ signal }) => providerOf(name).revoke?.({ ...request, ...tokens, signal })).catch(() => {})
  }

  /** A call of the protocol, which ends with the patience. */
  async function inTime<T>(call: (line: Line) => Promise<T>): Promise<T> {
    const controller = new AbortController()
    const disarm = systemClock.setTimer(() => controller.abort(), PATIENCE_MS, 'foreground')
    try {
      return await call({ signal: controller.signal })
    } finally {
      disarm()
    }
  }

  /** The session has ended here: now at the provider, which then sends the user back. Nothing is left of the login. */
  async function leaveProvider(name: string) {
    const idToken = await kept.readHint(name).catch(() => undefined)
    await Promise.allSettled([attempts.clear(), kept.keepHint(name, undefined)])
    const end = await inTime((line) => providerOf(name).logins.endSession(idToken, line))
    if (end) page.leave(end.href)
  }

  return {
    signIn: begin('signIn'),
    stepUp: begin('stepUp'),
    switchUser: begin('switchUser'),
    isCallback: () => found() !== undefined,
    handleCallback() {
      const callback = found()
      // A strict React calls twice; by then the address is clean.
      if (!callback && last) return last
      // Before anything else runs: an address is read by others, and kept in histories.
      if (callback) page.rename(callback.clean)
      last = finish(callback)
      return last
    },
  }
}

/**
 * Whose session it is, as soon as that is known; `undefined`: nobody's. Where nobody is logged in, somebody is waited for
 * for `waitMs`.
 */
function userOf(session: LoginSession, waitMs = 0): Promise<string | undefined> {
  return new Promise((resolve) => {
    let isWaiting = waitMs > 0
    const look = () => {
      const { isPending, isAuthenticated, user } = session.getSnapshot()
      if (isPending || (isWaiting && !isAuthenticated)) return
      unsubscribe()
      disarm()
      resolve(isAuthenticated ? user?.id : undefined)
    }
    const unsubscribe = session.subscribe(look)
    const disarm = systemClock.setTimer(
      () => {
        isWaiting = false
        look()
      },
      Math.max(waitMs, 0),
      'background',
    )
    look()
  })
}

/** A way back stays on this site, and reads the same to every parser. */
const isSafe = (way: string, origin: string) => isOwnPath(way, origin) && !/\\|%5c|\p{Cc}/iu.test(way)
