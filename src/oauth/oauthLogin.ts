import { LoginFailed, Misconfigured } from '../base/errors.ts'
import { optionsOf } from '../base/optionsOf.ts'
import type { BackChannelVerifier } from '../server/backChannelVerifier.ts'
import type {
  Json,
  LoginBegin,
  LoginGrant,
  LoginRefusal,
  LoginStep,
  ServerLogin,
} from '../server/serverLogin.ts'
import type { RefreshOutcome, RefreshRequest, RevokeRequest, SessionStrategy } from '../session/strategy.ts'
import { withBasicHint } from './basicHint.ts'
import { checkDiscovery } from './checkDiscovery.ts'
import { checkRegistration } from './checkRegistration.ts'
import { createCodeFlow } from './codeFlow.ts'
import type { AuthorizationInput, CodeAttempt } from './codeGrant.ts'
import { createDiscovery } from './discovery.ts'
import { leavesRevocation } from './leavesRevocation.ts'
import type { Line } from './line.ts'
import { readOauthOptions } from './oauthOptions.ts'
import type { OauthProviderOptions } from './oauthProviderOptions.ts'
import { createRefreshes } from './refreshes.ts'
import { whatToCompare } from './whatToCompare.ts'

/** The provider at which users of a server log in, and the server's client there. */
export interface OauthLoginOptions extends Omit<OauthProviderOptions, 'redirectUri' | 'admit' | 'dpop'> {
  /** The path of the callback, under `publicUrl`. @default '{path}callback/{name of the login}' */
  readonly callbackPath?: string
  /**
   * How the provider answers: in the address, or as a form that it posts. Apple posts if the scope has names or
   * addresses.
   * @default 'query'
   */
  readonly responseMode?: 'query' | 'form_post'
  /** Accepts logouts by the provider: `backChannelLogout` of `xstate-session/backchannel`. */
  readonly backChannelLogout?: BackChannelVerifier
}

/** The data that is kept with a session: the ID token, for the provider's logout. */
const MAX_ID_TOKEN = 3_500

/**
 * Logs users of a server in at any OpenID provider: authorization code with PKCE, `state` and `nonce`, as a
 * confidential client with `clientAuth`. It is a login for `createSessionServer`. Needs the optional peer
 * `oauth4webapi`.
 *
 * @throws Misconfigured when the server is made, for options that cannot work.
 * @example
 * const server = createSessionServer({
 *   publicUrl: 'https://admin.example.com/',
 *   secrets: [secret],
 *   logins: {
 *     staff: oauthLogin({
 *       server: 'https://id.example.com/realms/staff',
 *       clientId: 'panel',
 *       clientAuth, // ClientSecretBasic(secret) of oauth4webapi
 *       scope: 'openid profile email offline_access',
 *     }),
 *   },
 *   api: { '/api/': { target: 'http://api:8080/', methods: ['GET', 'POST'] } },
 * })
 */
export function oauthLogin(options: OauthLoginOptions): ServerLogin {
  optionsOf('oauthLogin', options)
  return (host) => {
    const { callbackPath, backChannelLogout, scope, responseMode, ...given } = options
    const basic = given.clientAuth && withBasicHint(given.clientAuth)
    const rest = { ...given, ...(basic && { clientAuth: basic.auth }) }
    const isPosted = responseMode === 'form_post'
    const whose = `The login "${host.name}"`
    const read = readOauthOptions({ ...rest, ...(scope !== undefined && { scope }) }, whose)
    const logoutIssuer = backChannelLogout?.issuer
    if (logoutIssuer !== undefined && URL.parse(logoutIssuer)?.href !== read.issuer.href)
      throw new Misconfigured(
        `${whose}: \`issuer\` of \`backChannelLogout\` must be that of \`server\`, ${read.issuer.href}: a logout at one provider ends no session of another.`,
      )
    const path = callbackPath === undefined ? host.callbackPath : host.pathOf(callbackPath, 'callbackPath')
    const discovery = createDiscovery(read)
    const redirectUri = new URL(path, host.publicUrl).href
    const parameters = { ...rest.parameters, ...(isPosted && { response_mode: 'form_post' }) }
    const asked = { ...rest, ...(scope !== undefined && { scope }), redirectUri, parameters }
    const flow = createCodeFlow(asked, discovery)

    /** Runs `task`. Each of its calls has its own deadline, so a slow discovery does not shorten the exchange. */
    async function within<T>(task: (line: Line) => Promise<T>): Promise<T> {
      const disarms: (() => void)[] = []
      try {
        return await task({
          get signal() {
            const controller = new AbortController()
            const abort = () => controller.abort()
            disarms.push(host.clock.setTimer(abort, host.attemptTimeoutMs, 'foreground'))
            return controller.signal
          },
          fetch: host.fetch,
        })
      } finally {
        for (const disarm of disarms) disarm()
      }
    }

    return {
      identity: `${read.issuer.href} ${options.clientId}`,
      providerUrl: read.issuer.href,
      strategies: { oauth: strategyOf({ ...rest, hint: basic?.hint }, read, discovery, options) },
      bindsCallback: true,
      callbackPaths: [path],
      isPosted,
      issuer: read.issuer.href,
      bringsSid: true,
      ...(backChannelLogout && { backChannel: backChannelLogout }),

      async begin({ input }) {
        const wishes = inputOf(input)
        try {
          const { location, attempt } = await within((line) => flow.begin(wishes, line))
          return { location, state: attempt.state, keep: { ...attempt } as unknown as Json }
        } catch (error) {
          const reason = error instanceof LoginFailed ? error.reason : ''
          const compare = whatToCompare(reason)
          if (!compare) throw error
          throw new Misconfigured(
            `${whose}: ${basic?.hint() ?? `the provider refuses this client (\`${reason}\`): compare ${compare}.`}`,
          )
        }
      },

      async callback({ request }, keep): Promise<LoginStep> {
        const attempt = keep as unknown as CodeAttempt
        const { searchParams } = new URL(request.url)
        let granted: LoginGrant | undefined
        try {
          const grant = await within((line) =>
            flow.finish(attempt, searchParams, line, (tokens, id = 'nobody') => {
              granted = { answer: { ...tokens, user: { id } }, strategy: 'oauth' }
            }),
          )
          const { user, claims, idToken, ...answer } = grant
          return {
            done: {
              answer: { ...answer, user },
              strategy: 'oauth',
              sub: claims.sub,
              ...(typeof claims.sid === 'string' && { sid: claims.sid }),
              ...(Number.isFinite(claims.iat) && { issuedAt: claims.iat * 1_000 }),
              ...(idToken.length <= MAX_ID_TOKEN && { data: { idToken } }),
            },
          }
        } catch (error) {
          return { refused: refusalOf(error, basic?.hint), ...(granted && { granted }) }
        }
      },

      check: () =>
        within(async (line) => [
          ...(await checkDiscovery(discovery, line, host.name, read.issuer)),
          ...(await checkRegistration(asked, discovery, line, host.name)),
        ]),

      async endSession(data) {
        const { idToken } = (data ?? {}) as { readonly idToken?: string }
        return within((line) => flow.endSession(idToken, line))
      },
    }
  }
}

/** Why a login failed, in the provider's word or ours. `user` of the options may throw too. */
function refusalOf(error: unknown, hint?: () => string | undefined): LoginRefusal {
  if (error instanceof LoginFailed) {
    const { reason: code } = error
    const compare = whatToCompare(code)
    const problem =
      code === 'invalid_client'
        ? hint?.()
        : compare && `The provider refuses this client: compare ${compare}.`
    return {
      status: code === 'provider_unavailable' ? 503 : 401,
      code,
      ...(problem !== undefined && { problem }),
    }
  }
  if (error instanceof Misconfigured) return { status: 503, code: 'misconfigured', problem: error.message }
  console.error(error)
  return { status: 401, code: 'invalid_answer' }
}

/** The refreshes. If the options ask for it, a logout leaves the revocation to the provider's own logout. */
function strategyOf(
  {
    hint,
    ...rest
  }: Omit<OauthLoginOptions, 'scope'> & { readonly hint?: (() => string | undefined) | undefined },
  read: ReturnType<typeof readOauthOptions>,
  discovery: ReturnType<typeof createDiscovery>,
  options: OauthLoginOptions,
): SessionStrategy {
  const refreshes = createRefreshes(rest, discovery)
  async function revoke(end: RevokeRequest): Promise<boolean> {
    // After the revocation of one token, some providers end all tokens of the user, the newer ones too.
    if (end.cause === 'replaced') return true
    const { provider } = await discovery.discover(end)
    if (leavesRevocation(options, end, provider)) return true
    return (await refreshes.revoke?.(end)) ?? false
  }
  async function refresh(attempt: RefreshRequest): Promise<RefreshOutcome> {
    const outcome = await refreshes.refresh(attempt)
    if (outcome.kind !== 'refused' || outcome.cause !== 'misconfigured' || outcome.problem) return outcome
    const problem = hint?.()
    return problem === undefined
      ? outcome
      : { ...outcome, problem: `A refresh was refused; perhaps ${problem}` }
  }
  return { ...refreshes, ...read.resend, refresh, revoke }
}

const MAX_TEXT = 256
const MAX_TEXTS = 16

/** The requests that a page may make. The server sets the rest. */
function inputOf(input: LoginBegin['input']): AuthorizationInput {
  const asked: Record<string, unknown> = {}
  for (const [name, isGood] of Object.entries(INPUT)) {
    const value = input[name]
    if (value === undefined) continue
    if (!isGood(value)) throw new LoginFailed('invalid_request')
    asked[name] = value
  }
  return asked
}

const isText = (value: unknown) => typeof value === 'string' && value.length <= MAX_TEXT
const areTexts = (value: unknown) => Array.isArray(value) && value.length <= MAX_TEXTS && value.every(isText)
const INPUT: Readonly<Record<keyof AuthorizationInput & string, (value: unknown) => boolean>> = {
  prompt: isText,
  loginHint: isText,
  maxAge: (value) => Number.isSafeInteger(value) && Number(value) >= 0,
  acrValues: areTexts,
  uiLocales: areTexts,
  // A page may not set the provider's own parameters.
  parameters: () => false,
}
