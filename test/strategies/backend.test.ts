import { allowInsecureRequests, ClientSecretBasic } from 'oauth4webapi'
import { describe, expect, onTestFinished, test } from 'vitest'
import { accounts } from '../../examples/backend/accounts.ts'
import { createKnobs } from '../../examples/backend/knobs.ts'
import { startProvider } from '../../examples/backend/provider/startProvider.ts'
import { cookieStrategy } from '../../src/librechat/cookieStrategy.ts'
import { openidStrategy } from '../../src/librechat/openidStrategy.ts'
import { oauthStrategy } from '../../src/oauth/oauthStrategy.ts'
import type { RefreshOutcome, RefreshRequest } from '../../src/session/strategy.ts'
import { type TestBackend, testBackend } from '../backend/harness.ts'
import { attempt } from './attempt.ts'

/** The outcome, which the test relies on to be a renewal. */
function renewed(outcome: RefreshOutcome): Extract<RefreshOutcome, { kind: 'ok' }> {
  if (outcome.kind !== 'ok') throw new Error(`expected a renewal, not ${outcome.kind}`)
  return outcome
}

const last = (backend: TestBackend) => backend.log.presentations.at(-1)
const status = async (backend: TestBackend, bearer = '') =>
  (await fetch(`${backend.url}/api/admin/users`, { headers: { authorization: `Bearer ${bearer}` } })).status

describe('openidStrategy', () => {
  async function loggedIn(account: 'openidAdmin' | 'openidAcme' = 'openidAdmin', knobs = {}) {
    const backend = await testBackend(knobs)
    const { refreshToken = '', user } = await backend.loginOpenid(account)
    const refresh = (more: Partial<RefreshRequest> = {}) =>
      openidStrategy().refresh(
        attempt({ baseUrl: `${backend.url}/`, refreshToken, userId: user.id, ...more }),
      )
    return { backend, refreshToken, refresh }
  }

  test('A1 renews, rotates, and says until when and by which clock', async () => {
    const { backend, refreshToken, refresh } = await loggedIn()
    const outcome = renewed(await refresh({ attemptId: 'attempt-7' }))
    expect(outcome.refreshToken).not.toBe(refreshToken)
    expect(outcome.user?.id).toBe(accounts.openidAdmin.id)
    expect(outcome.life?.expiresAt).toBe(backend.now() + 900_000)
    // The clock stands at a quarter of a second, and `Date` has whole ones.
    expect(outcome.life?.serverNow).toBe(backend.now() - 250)
    expect(await status(backend, outcome.bearer)).toBe(200)
    expect(last(backend)).toMatchObject({ outcome: 'ok-rotated', attemptId: 'attempt-7', tenant: undefined })
  })

  test('A3 a provider that does not rotate repeats the token', async () => {
    const { refresh, refreshToken } = await loggedIn('openidAdmin', { provider: { rotate: false } })
    expect(renewed(await refresh()).refreshToken).toBe(refreshToken)
  })

  test('tenant header forwarded: the right one renews, another one is a security notice', async () => {
    const { backend, refresh } = await loggedIn('openidAcme')
    const outcome = renewed(await refresh({ tenantId: ' acme ' }))
    expect(last(backend)?.tenant).toBe('acme')
    const other = await refresh({ tenantId: 'globex', refreshToken: outcome.refreshToken ?? '' })
    expect(other).toEqual({ kind: 'rejected', reason: 'identityMismatch', security: 'identityMismatch' })
  })

  test('A26 a user id that is somebody else’s', async () => {
    const { refresh } = await loggedIn()
    expect(await refresh({ userId: accounts.openidAcme.id })).toMatchObject({ reason: 'identityMismatch' })
  })

  test('A25 a reused token and an outage of the provider look the same', async () => {
    const { backend, refresh } = await loggedIn()
    const failed = { kind: 'unknown', cause: 'refreshFailed', answered: true }
    backend.operator.setProviderConnection('down')
    expect(await refresh()).toEqual(failed)
    backend.operator.setProviderConnection('up')
    expect(await refresh()).toMatchObject({ kind: 'ok' })
    expect(await refresh()).toEqual(failed)
    expect(last(backend)?.outcome).toBe('rejected')
  })

  test('A26, A27 and A29: what an operator does', async () => {
    const consumed = { kind: 'unknown', cause: 'consumed', answered: true, consumed: true }
    const cases: readonly [(backend: TestBackend) => void, object][] = [
      [({ operator }) => operator.revokeAdmin('openidAdmin'), { kind: 'rejected', reason: 'accessRevoked' }],
      [
        ({ operator }) => operator.deleteUser('openidAdmin'),
        { reason: 'refreshRejected', security: 'unknownUser' },
      ],
      [({ operator }) => operator.setProviderConnection('foreignIssuer'), { reason: 'identityMismatch' }],
      [({ operator }) => operator.setProviderConnection('withoutAccessToken'), consumed],
      [({ operator }) => operator.setProviderConnection('withoutClaims'), consumed],
      [({ knobs }) => Object.assign(knobs, { reuseTokens: false }), { kind: 'unsupported', forGood: true }],
      [
        ({ knobs }) => Object.assign(knobs, { openidConfigured: false }),
        { kind: 'refused', cause: 'unavailable' },
      ],
    ]
    for (const [happen, outcome] of cases) {
      const { backend, refresh } = await loggedIn()
      happen(backend)
      expect(await refresh()).toMatchObject(outcome)
    }
  })

  test('A31 the limiter refuses, with its wait, before anything is spent', async () => {
    const { backend, refresh } = await loggedIn()
    Object.assign(backend.knobs.limiter, { enabled: true, max: 0 })
    const outcome = await refresh()
    expect(outcome).toMatchObject({ kind: 'refused', cause: 'limited' })
    expect(outcome).toHaveProperty('retryAfterMs')
    backend.knobs.limiter.enabled = false
    expect(await refresh()).toMatchObject({ kind: 'ok' })
  })

  test('N5, N7, A34 and A35: the token is spent, and the client cannot know', async () => {
    const faults = [
      [{ kind: 'reset', at: 'after' }, 'network'],
      [{ kind: 'truncate' }, 'network'],
      [{ kind: 'respond', at: 'after', status: 500 }, 'status'],
      [{ kind: 'respond', at: 'after', status: 502, body: '<html>' }, 'status'],
    ] as const
    for (const [fault, cause] of faults) {
      const { backend, refresh } = await loggedIn()
      backend.faults.inject('openidRefresh', fault)
      expect(await refresh()).toEqual({ kind: 'unknown', cause, answered: false })
      expect(last(backend)?.spent).toBe(true)
    }
  })
})

describe('cookieStrategy', () => {
  async function loggedIn() {
    const backend = await testBackend()
    const { refreshToken, token, user } = await backend.loginLocal(accounts.localAdmin.email, 'demo-password')
    const strategy = cookieStrategy()
    const request = attempt({ baseUrl: `${backend.url}/`, refreshToken, userId: user.id })
    const refresh = (more: Partial<RefreshRequest> = {}) => strategy.refresh({ ...request, ...more })
    return { backend, refreshToken, token, strategy, request, refresh }
  }

  test('A1 renews and rotates; within one second the token is the same', async () => {
    const { backend, refreshToken, refresh } = await loggedIn()
    const same = renewed(await refresh())
    expect(same.refreshToken).toBe(refreshToken)
    backend.advance(1000)
    const outcome = renewed(await refresh())
    expect(outcome.refreshToken).not.toBe(refreshToken)
    expect(outcome.user).toMatchObject({ id: accounts.localAdmin.id, email: accounts.localAdmin.email })
    expect(outcome.life).toEqual({ serverNow: backend.now() - 250 })
    expect(await status(backend, outcome.bearer)).toBe(200)
  })

  test('0.3.7 a token that was rotated away is definitive', async () => {
    const { backend, refresh } = await loggedIn()
    backend.advance(1000)
    await refresh()
    expect(await refresh()).toEqual({ kind: 'rejected', reason: 'refreshRejected' })
  })

  test('A5 a user who was deleted is sent to the login page: a rejection', async () => {
    const { backend, refresh } = await loggedIn()
    backend.operator.deleteUser('localAdmin')
    expect(await refresh()).toEqual({ kind: 'rejected', reason: 'refreshRejected' })
  })

  test('0.3.7 a token that is none is the backend’s own word', async () => {
    const { refresh } = await loggedIn()
    expect(await refresh({ refreshToken: 'x' })).toEqual({
      kind: 'unknown',
      cause: 'refreshFailed',
      answered: true,
    })
  })

  test('A4 in a browser without a cookie', async () => {
    const { request } = await loggedIn()
    const { refreshToken: _, ...without } = request
    expect(await cookieStrategy({ browserCookies: true }).refresh(without)).toEqual({
      kind: 'rejected',
      reason: 'missingCredential',
    })
  })

  test('A2 an answer that lost its cookie keeps the old token', async () => {
    const { backend, refresh } = await loggedIn()
    backend.faults.inject('cookieRefresh', { kind: 'dropSetCookie' })
    expect(await refresh()).not.toHaveProperty('refreshToken')
  })

  test('a second factor made compulsory is a step up', async () => {
    const { backend, refresh } = await loggedIn()
    backend.knobs.requireTwoFactor = true
    expect(await refresh()).toEqual({ kind: 'rejected', reason: 'stepUpRequired' })
  })

  test('A42 logout ends this session at the backend', async () => {
    const { token, strategy, request, refresh } = await loggedIn()
    const ending = { ...request, cause: 'logout' } as const
    expect(await strategy.revoke?.({ ...ending, bearer: 'x' })).toBe(false)
    expect(await strategy.revoke?.({ ...ending, bearer: token })).toBe(true)
    expect(await refresh()).toEqual({ kind: 'rejected', reason: 'refreshRejected' })
  })
})

describe('oauthStrategy', () => {
  const redirectUri = 'http://127.0.0.1:9/callback'

  /** Walks the browser's way to a code and exchanges it. */
  async function loggedIn() {
    const knobs = createKnobs()
    const provider = await startProvider({
      port: 0,
      redirectUri,
      googleRedirectUri: redirectUri,
      postLogoutRedirectUri: redirectUri,
      accounts: Object.values(accounts),
      knobs,
    })
    onTestFinished(() => provider.close())
    const start = new URL(`${provider.issuer}/auth`)
    const scope = 'openid offline_access email profile'
    const query = { client_id: provider.clientId, redirect_uri: redirectUri, response_type: 'code', scope }
    for (const [name, value] of Object.entries({
      ...query,
      login_hint: accounts.openidAdmin.sub,
      prompt: 'consent',
    })) {
      start.searchParams.set(name, value)
    }
    const cookies = new Map<string, string>()
    let location = start
    while (!location.href.startsWith(redirectUri)) {
      const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
      const response = await fetch(location, { redirect: 'manual', headers: { cookie } })
      for (const line of response.headers.getSetCookie()) {
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
        cookies.set(name, value)
      }
      location = new URL(response.headers.get('location') ?? redirectUri, location)
    }
    const exchange = await fetch(`${provider.issuer}/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(`${provider.clientId}:${provider.clientSecret}`)}` },
      body: new URLSearchParams({
        grant_type: 'authorization_code',
        code: location.searchParams.get('code') ?? '',
        redirect_uri: redirectUri,
      }),
    })
    const { refresh_token: refreshToken } = (await exchange.json()) as { refresh_token: string }
    const options = {
      server: provider.issuer,
      clientId: provider.clientId,
      clientAuth: ClientSecretBasic(provider.clientSecret),
      client: { id_token_signed_response_alg: 'ES256' },
      [allowInsecureRequests]: true,
    }
    return { knobs, options, strategy: oauthStrategy(options), request: attempt({ refreshToken }) }
  }

  test('A1 discovers, renews and rotates, and the ID token says for whom', async () => {
    const { strategy, request } = await loggedIn()
    const outcome = renewed(await strategy.refresh(request))
    expect(outcome.bearer).toBeTruthy()
    expect(outcome.refreshToken).not.toBe(request.refreshToken)
    expect(outcome.user?.id).toBe(accounts.openidAdmin.sub)
    expect(outcome.life?.expiresIn).toBe(3600)
    expect(outcome.life?.serverNow).toBeTypeOf('number')
    const next = await strategy.refresh({ ...request, refreshToken: outcome.refreshToken ?? '' })
    expect(renewed(next).bearer).not.toBe(outcome.bearer)
  })

  test('A23 a token that is sent twice is rejected, and so is its successor', async () => {
    const { strategy, request } = await loggedIn()
    const rejected = { kind: 'rejected', reason: 'refreshRejected' }
    const { refreshToken = '' } = renewed(await strategy.refresh(request))
    expect(await strategy.refresh(request)).toEqual(rejected)
    expect(await strategy.refresh({ ...request, refreshToken })).toEqual(rejected)
  })

  test('A3 a provider that does not rotate', async () => {
    const { knobs, strategy, request } = await loggedIn()
    knobs.provider.rotate = false
    const { refreshToken = request.refreshToken } = renewed(await strategy.refresh(request))
    expect(refreshToken).toBe(request.refreshToken)
    expect(await strategy.refresh(request)).toMatchObject({ kind: 'ok' })
  })

  test('A24 a wrong secret is misconfigured, and the token lives on', async () => {
    const { options, strategy, request } = await loggedIn()
    const wrong = oauthStrategy({ ...options, clientAuth: ClientSecretBasic('wrong') })
    expect(await wrong.refresh(request)).toEqual({ kind: 'refused', cause: 'misconfigured' })
    expect(await strategy.refresh(request)).toMatchObject({ kind: 'ok' })
  })

  test('A42 revocation ends the grant', async () => {
    const { strategy, request } = await loggedIn()
    expect(await strategy.revoke?.({ ...request, cause: 'logout' })).toBe(true)
    expect(await strategy.refresh(request)).toEqual({ kind: 'rejected', reason: 'refreshRejected' })
  })
})
