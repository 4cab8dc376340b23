import { dpopKey } from '../../src/dpop/dpopKey.ts'
import { type OauthProvider, oauthProvider } from '../../src/oauth/oauthProvider.ts'
import type { RefreshOutcome } from '../../src/session/strategy.ts'
import type { Grant, Party, UserAgent } from './party.ts'
import { createUserAgent } from './userAgent.ts'

const RACES = 5

const deadline = () => AbortSignal.timeout(20_000)

/** The connection of the script: it remembers what the token endpoint said, and can lose an answer. */
function createWire() {
  let error = ''
  let losesNext = false
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const response = await globalThis.fetch(input, init)
    const copy = response.clone()
    const body = await copy.json().catch(() => undefined)
    // Of a long description the last sentence is the provider's own.
    const description = String(body?.error_description ?? '').replace(
      /^The provided authorization grant.*client\. /,
      '',
    )
    error = [body?.error, description].filter(Boolean).join(': ')
    if (!losesNext) return response
    losesNext = false
    throw new TypeError('fetch failed')
  }
  return {
    fetch,
    said: () => error,
    loseNext() {
      losesNext = true
    },
  }
}

/** Runs the whole script against one provider. A login of its own for each step: what one step ends is no matter to the next. */
export async function measure(party: Party) {
  const { issuer, redirectUri, postLogoutRedirectUri, scope, graceMs } = party
  const wire = createWire()
  const line = () => ({ signal: deadline(), fetch: wire.fetch })
  const client = { server: issuer, clientId: 'panel', redirectUri, postLogoutRedirectUri, scope }
  const provider = oauthProvider(client)

  async function enter(agent = createUserAgent(), prompt?: string, of = provider) {
    const input = { loginHint: 'ada', ...(prompt && { prompt }) }
    const { location, attempt } = await of.logins.begin(input, line())
    const callback = await agent.visit(location, [redirectUri])
    if (!callback.href.startsWith(redirectUri)) throw new Error(`the login stays at ${callback.pathname}`)
    return { agent, location, callback, attempt }
  }

  async function login(of = provider) {
    const entered = await enter(undefined, undefined, of)
    const grant = await of.logins.finish(entered.attempt, entered.callback.searchParams, line(), () => {})
    return { ...entered, grant, token: grant.refreshToken ?? '' }
  }

  const attemptOf = (refreshToken: string, { user }: Grant) => ({
    baseUrl: issuer,
    userId: user.id,
    attemptId: 'interop',
    refreshToken,
    ...line(),
  })
  const refresh = (token: string, grant: Grant) => provider.refresh(attemptOf(token, grant))
  /** The same with a proof of a key, which is that of `of`. */
  const prove = (token: string, grant: Grant, of: OauthProvider, keyId = grant.keyId ?? '') =>
    of.refresh({ ...attemptOf(token, grant), keyId })
  const next = (outcome: RefreshOutcome, sent: string) =>
    outcome.kind === 'ok' ? (outcome.refreshToken ?? sent) : sent
  const told = (outcome: RefreshOutcome) => (outcome.kind === 'ok' ? 'renewed' : `refused (${wire.said()})`)
  const isAlive = async (token: string, grant: Grant) => (await refresh(token, grant)).kind === 'ok'
  const alive = async (token: string, grant: Grant) =>
    (await isAlive(token, grant)) ? 'the newest token lives' : 'the newest token is dead, too'
  /** Whether the user has a session at the provider: it logs in without asking, or says what it would ask for. */
  const sessionOf = async (agent: UserAgent) => {
    const { searchParams } = (await enter(agent, 'none')).callback
    const error = searchParams.get('error')
    if (error === 'login_required') return 'the session there has ended'
    return `the session there lives${error ? `, and asks for consent (${error})` : ''}`
  }

  const metadata = (await (await fetch(`${issuer}/.well-known/openid-configuration`)).json()) as Record<
    string,
    unknown
  >
  const offers = (name: string, word: string) => (metadata[name] ? [word] : [])

  async function renewal() {
    const { grant, token } = await login()
    const first = await refresh(token, grant)
    const isRotating = next(first, token) !== token
    const again = await refresh(token, grant)
    const usedAgain = `${told(again)}; ${await alive(next(first, token), grant)}`
    return {
      renewal: first.kind === 'ok' ? (isRotating ? 'a new token' : 'the same token') : told(first),
      usedAgain,
      isForgiven: again.kind === 'ok',
    }
  }

  async function race() {
    const { grant, token } = await login()
    const outcomes = await Promise.all([refresh(token, grant), refresh(token, grant)])
    const renewed = outcomes.filter(({ kind }) => kind === 'ok')
    const brought = [...new Set(renewed.map((outcome) => next(outcome, token)))].reverse()
    let living = 0
    for (const one of brought) if (await isAlive(one, grant)) living++
    return `${renewed.length} of 2 renewed, ${living} of ${brought.length} new tokens live`
  }

  /** Who wins is chance: each of the ends that were seen, and how often. */
  async function races() {
    const seen = new Map<string, number>()
    for (let round = 0; round < RACES; round++) {
      const end = await race()
      seen.set(end, (seen.get(end) ?? 0) + 1)
    }
    return [...seen]
      .sort()
      .map(([end, times]) => `${times}×: ${end}`)
      .join('; ')
  }

  async function lostAnswer() {
    const { grant, token } = await login()
    wire.loseNext()
    await refresh(token, grant)
    return told(await refresh(token, grant))
  }

  async function afterGrace() {
    if (graceMs === 0) return '–'
    const { grant, token } = await login()
    const first = await refresh(token, grant)
    await new Promise((resolve) => setTimeout(resolve, graceMs + 1_000))
    return `${told(await refresh(token, grant))}; ${await alive(next(first, token), grant)}`
  }

  async function revoked() {
    const { agent, grant, token } = await login()
    const isEnded = await provider.revoke?.({ ...attemptOf(token, grant), cause: 'late' })
    const isDead = !(await isAlive(token, grant))
    const knows = await sessionOf(agent)
    return {
      revocation: `${isEnded ? 'taken' : 'not taken'}; the token is ${isDead ? 'dead' : 'alive'}; ${knows}`,
      logoutAfterRevocation: await leave(agent, grant),
    }
  }

  /** The provider's own logout, in the browser of the login. */
  async function leave(agent: UserAgent, grant: Grant) {
    const location = await provider.logins.endSession(grant.idToken, line())
    if (!location) return 'there is none'
    const at = await agent.visit(location, [postLogoutRedirectUri])
    const comesBack = at.href.startsWith(postLogoutRedirectUri) ? 'comes back' : `stays at ${at.pathname}`
    return `${comesBack}; ${await sessionOf(agent)}`
  }

  async function logout() {
    const { agent, grant, token } = await login()
    const left = await leave(agent, grant)
    return `${left}; the refresh token ${(await isAlive(token, grant)) ? 'lives' : 'is dead'}`
  }

  async function bound() {
    if (!metadata.dpop_signing_alg_values_supported) return '–'
    const [mine, theirs] = [dpopKey(), dpopKey()].map((dpop) => oauthProvider({ ...client, dpop }))
    if (!mine || !theirs) throw new Error('There are two.')
    const { grant, token } = await login(mine)
    const other = await login(theirs)
    const renewed = await prove(token, grant, mine)
    const newest = next(renewed, token)
    return [
      `a renewal with the key: ${told(renewed)}`,
      `with another key: ${told(await prove(newest, grant, theirs, other.grant.keyId))}`,
      `without one: ${told(await refresh(newest, grant))}`,
      `then with the key: ${told(await prove(newest, grant, mine))}`,
    ].join('; ')
  }

  const { callback, location, grant } = await login()
  const { isForgiven, ...renewals } = await renewal()
  return {
    provider: party.name,
    setting: party.setting,
    login: [
      location.searchParams.has('request_uri') ? 'pushed (PAR)' : 'in the address',
      `\`iss\` in the answer: ${callback.searchParams.has('iss') ? 'yes' : 'no'}`,
      `refresh token: ${grant.refreshToken ? 'yes' : 'no'}`,
    ].join('; '),
    metadata: [
      ...((metadata.code_challenge_methods_supported as string[] | undefined)?.includes('S256')
        ? ['PKCE S256']
        : []),
      ...offers('pushed_authorization_request_endpoint', 'PAR'),
      ...offers('authorization_response_iss_parameter_supported', '`iss`'),
      ...offers('revocation_endpoint', 'revocation'),
      ...offers('end_session_endpoint', 'end session'),
      ...offers('backchannel_logout_supported', 'back-channel logout'),
      ...offers('dpop_signing_alg_values_supported', 'DPoP'),
    ].join(', '),
    ...renewals,
    race: await races(),
    lostAnswer: await lostAnswer(),
    afterGrace: await afterGrace(),
    resend: resendOf(isForgiven, graceMs),
    ...(await revoked()),
    logout: await logout(),
    dpop: await bound(),
  }
}

/** The policy that follows from what became of a token that was sent twice. */
function resendOf(isForgiven: boolean, graceMs: number): string {
  if (!isForgiven) return "'never'"
  return graceMs > 0 ? `{ withinMs: ${graceMs} }` : "'afterBearerEnds'"
}
