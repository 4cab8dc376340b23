import { generateKeyPair, type JWTPayload, SignJWT } from 'jose'
import { type ClientAuth, ClientSecretBasic, ClientSecretPost } from 'oauth4webapi'
import { beforeAll, describe, expect, test } from 'vitest'
import type { RefreshRequest, RevokeRequest } from 'xstate-session'
import { type OauthLoginOptions, oauthLogin } from 'xstate-session/oauth-login'
import { Misconfigured } from '../../src/base/errors.ts'
import { userinfo } from '../../src/oauth/userinfo.ts'
import { fakeClock } from '../fakeClock.ts'
import { loginHost } from '../server/loginHost.ts'

const ISSUER = 'https://op.example/'
const metadata = {
  issuer: ISSUER,
  authorization_endpoint: `${ISSUER}auth`,
  token_endpoint: `${ISSUER}token`,
  revocation_endpoint: `${ISSUER}revoke`,
  end_session_endpoint: `${ISSUER}logout`,
}

const { end_session_endpoint: _, ...withoutLogout } = metadata

let key: Awaited<ReturnType<typeof generateKeyPair>>['privateKey']
beforeAll(async () => {
  key = (await generateKeyPair('ES256')).privateKey
})

const now = () => Math.floor(Date.now() / 1_000)

interface Provider {
  /** Answers the token endpoint, in place of a success. */
  token?: (form: URLSearchParams) => Response
  claims?: JWTPayload
}

/** A login at a provider that answers as `provider` says. `told`: its metadata, where the options name only its issuer. */
function running(options: Partial<OauthLoginOptions> = {}, told: object = metadata) {
  const clock = fakeClock()
  const provider: Provider = {}
  const asked: { url: string; form: URLSearchParams; headers: Headers }[] = []
  let nonce = ''
  const fetch = async (input: RequestInfo | URL, init?: RequestInit) => {
    const request = new Request(input, init)
    const form = new URLSearchParams(await request.text())
    if (request.url.includes('/.well-known/')) return Response.json(told)
    asked.push({ url: request.url, form, headers: request.headers })
    if (request.url === metadata.revocation_endpoint) return new Response()
    if (request.url === `${ISSUER}me`) return Response.json({ sub: 'ada', email: 'ada@example.com' })
    if (provider.token) return provider.token(form)
    const at = now()
    const claims = { iss: ISSUER, aud: 'panel', sub: 'ada', iat: at, exp: at + 60, nonce, ...provider.claims }
    const id_token = await new SignJWT(claims).setProtectedHeader({ alg: 'ES256' }).sign(key)
    return Response.json({ access_token: 'B1', token_type: 'Bearer', refresh_token: 'R1', id_token })
  }
  const login = oauthLogin({
    server: metadata,
    clientId: 'panel',
    clientAuth: ClientSecretPost('secret'),
    ...options,
  })({ ...loginHost('staff'), clock, fetch: fetch as typeof globalThis.fetch })
  const host = { cookies: new Map<string, string>() }
  const begin = async (input: Record<string, unknown> = {}) => {
    const begun = await login.begin?.({ ...host, input } as never)
    if (!begun || !('location' in begun)) throw new Error('The login has not begun.')
    nonce = new URL(begun.location).searchParams.get('nonce') ?? ''
    return { ...begun, parameters: new URL(begun.location).searchParams }
  }
  /** From the begin to the callback, with these parameters in the address. */
  async function logIn(more: Record<string, string> = {}) {
    const { state = '', keep } = await begin()
    const address = new URL('https://admin.example/session/callback/staff')
    address.search = String(new URLSearchParams({ code: 'c', state, ...more }))
    return login.callback?.({ request: new Request(address) } as never, keep as never)
  }
  const strategy = login.strategies.oauth
  if (!strategy) throw new Error('There is no strategy.')
  return { login, strategy, begin, logIn, provider, asked, clock }
}

describe('the begin of a login at a provider', () => {
  test('asks for a code, for the client, its callback and what the options say', async () => {
    const { begin, login } = running({ scope: 'openid email', parameters: { audience: 'api' } })
    const { parameters, state } = await begin()
    expect(Object.fromEntries(parameters)).toMatchObject({
      client_id: 'panel',
      redirect_uri: 'https://admin.example/session/callback/staff',
      response_type: 'code',
      scope: 'openid email',
      audience: 'api',
      state,
      code_challenge_method: 'S256',
    })
    expect(parameters.has('response_mode')).toBe(false)
    expect(login).toMatchObject({
      callbackPaths: ['/session/callback/staff'],
      isPosted: false,
      issuer: ISSUER,
      bringsSid: true,
      identity: `${ISSUER} panel`,
    })
    expect(login).not.toHaveProperty('backChannel')
  })

  test('without a scope asks for `openid`', async () => {
    expect((await running().begin()).parameters.get('scope')).toBe('openid')
  })

  test('has a callback of its own, and lets the provider post, if the options say so', async () => {
    const { begin, login } = running({ callbackPath: 'auth/back', responseMode: 'form_post' })
    const { parameters } = await begin()
    expect(parameters.get('response_mode')).toBe('form_post')
    expect(parameters.get('redirect_uri')).toBe('https://admin.example/auth/back')
    expect(login).toMatchObject({ callbackPaths: ['/auth/back'], isPosted: true })
  })

  test('passes on what a page may ask for', async () => {
    const { parameters } = await running().begin({
      prompt: 'login',
      loginHint: 'a'.repeat(256),
      maxAge: 0,
      acrValues: ['mfa', 'phr'],
      uiLocales: Array(16).fill('de'),
    })
    expect(Object.fromEntries(parameters)).toMatchObject({
      prompt: 'login',
      login_hint: 'a'.repeat(256),
      max_age: '0',
      acr_values: 'mfa phr',
    })
  })

  test.each<[string, Record<string, unknown>]>([
    ['a number in place of a text', { prompt: 7 }],
    ['a text that is too long', { loginHint: 'a'.repeat(257) }],
    ['an age below zero', { maxAge: -1 }],
    ['half an age', { maxAge: 0.5 }],
    ['a text in place of a list', { acrValues: 'mfa' }],
    ['a list that is too long', { uiLocales: Array(17).fill('de') }],
    ['a list of something else', { acrValues: ['mfa', 7] }],
    ['parameters of its own', { parameters: { scope: 'admin' } }],
  ])('refuses %s', async (_, input) => {
    await expect(running().begin(input)).rejects.toMatchObject({ reason: 'invalid_request' })
  })

  test('a prompt that the options always ask for is joined, and `none` stands alone', async () => {
    const { begin } = running({ parameters: { prompt: 'login' } })
    const promptOf = async (prompt: string) => (await begin({ prompt })).parameters.get('prompt')
    expect(await promptOf('consent')).toBe('login consent')
    expect(await promptOf('login')).toBe('login')
    expect(await promptOf('none')).toBe('none')
  })

  test.each(['127.0.0.12', '[::1]', 'localhost', 'op.localhost'])(
    'a provider on this machine (%s) needs no TLS, and another one does',
    (host) => {
      const at = (origin: string) => () =>
        running({
          server: { issuer: origin, authorization_endpoint: `${origin}/a`, token_endpoint: `${origin}/t` },
        })
      expect(at(`http://${host}:8080`)).not.toThrow()
      expect(at(`http://${host}.example`)).toThrow()
    },
  )

  test('a logout of another issuer is a mistake of the options', () => {
    const backChannelLogout = Object.assign(async () => ({ ok: false }) as never, {
      issuer: 'https://other.example/',
    })
    expect(() => running({ backChannelLogout })).toThrow(Misconfigured)
    const own = Object.assign(async () => ({ ok: false }) as never, { issuer: ISSUER })
    expect(running({ backChannelLogout: own }).login.backChannel).toBe(own)
  })
})

describe('the callback of a login at a provider', () => {
  test('grants the tokens, for the subject, and keeps the ID token for the logout', async () => {
    const { logIn, asked, clock, provider } = running()
    const iat = now() - 1
    provider.claims = { sid: 'at the provider', name: 'Ada', iat }
    const step = await logIn()
    expect(step).toMatchObject({
      done: {
        answer: { token: 'B1', refreshToken: 'R1', user: { id: 'ada', name: 'Ada' } },
        strategy: 'oauth',
        sub: 'ada',
        sid: 'at the provider',
        issuedAt: iat * 1_000,
        data: { idToken: expect.stringMatching(/^ey/) },
      },
    })
    expect(asked).toMatchObject([{ url: metadata.token_endpoint }])
    expect(asked[0]?.form.get('client_secret')).toBe('secret')
    expect(asked[0]?.headers.get('user-agent')).toBeTruthy()
    expect(clock.pending()).toEqual([])
  })

  test('asks the provider for the claims that the ID token lacks, with the new bearer', async () => {
    const { logIn, asked } = running({
      server: { ...metadata, userinfo_endpoint: `${ISSUER}me` },
      userinfo,
    })
    expect(await logIn()).toMatchObject({
      done: { answer: { user: { id: 'ada', email: 'ada@example.com' } } },
    })
    expect(asked.map(({ url }) => url)).toEqual([metadata.token_endpoint, `${ISSUER}me`])
    expect(asked[1]?.headers.get('authorization')).toBe('Bearer B1')
  })

  test('an ID token that is too long for a session is not kept', async () => {
    const { logIn, provider } = running()
    provider.claims = { picture: `https://op.example/${'x'.repeat(3_500)}` }
    const step = await logIn()
    expect(step).toMatchObject({ done: { sub: 'ada' } })
    expect(step).not.toHaveProperty('done.data')
    expect(step).not.toHaveProperty('done.sid')
  })

  test.each<[string, () => Response, object]>([
    [
      '401 `invalid_grant`',
      () => Response.json({ error: 'invalid_grant' }, { status: 400 }),
      { status: 401, code: 'invalid_grant' },
    ],
    [
      'a word that is none',
      () => Response.json({ error: 'No <b>' }, { status: 400 }),
      { status: 401, code: 'invalid_answer' },
    ],
    ['a page', () => new Response('<html>', { status: 200 }), { status: 503, code: 'provider_unavailable' }],
    [
      'JSON without an error',
      () => Response.json({}, { status: 499 }),
      { status: 401, code: 'invalid_answer' },
    ],
    [
      '500 with JSON',
      () => Response.json({}, { status: 500 }),
      { status: 503, code: 'provider_unavailable' },
    ],
    [
      'no answer',
      () => {
        throw new TypeError('Failed to fetch')
      },
      { status: 503, code: 'provider_unavailable' },
    ],
  ])('where the provider answers the code with %s, the login is refused', async (_, token, refused) => {
    const { logIn, provider, clock } = running()
    provider.token = token
    expect(await logIn()).toMatchObject({ refused })
    expect(clock.pending()).toEqual([])
  })

  test('names a registration for pages at Microsoft Entra, which no server can use', async () => {
    const { logIn, provider } = running()
    provider.token = () =>
      Response.json({ error: 'invalid_request', error_codes: [9002327] }, { status: 400 })
    expect(await logIn()).toMatchObject({
      refused: { status: 503, code: 'misconfigured', problem: expect.stringContaining('"Web"') },
    })
  })

  test.each<[string, ClientAuth, RegExp | undefined]>([
    ['encoded in HTTP Basic', ClientSecretBasic('a secret+more'), /ClientSecretPost/],
    ['plain in HTTP Basic', ClientSecretBasic('secret'), undefined],
    ['in the form', ClientSecretPost('a secret+more'), undefined],
  ])(
    'names a secret that is %s, where the provider does not know the client',
    async (_, clientAuth, problem) => {
      const { logIn, provider } = running({ clientAuth })
      provider.token = () => Response.json({ error: 'invalid_client' }, { status: 401 })
      const step = (await logIn()) as { readonly refused: { readonly problem?: string } }
      expect(step.refused).toMatchObject({ status: 401, code: 'invalid_client' })
      if (problem) expect(step.refused.problem).toMatch(problem)
      else expect(step.refused.problem).toBeUndefined()
    },
  )

  test('a refusal of the provider is told in its word', async () => {
    expect(await running().logIn({ error: 'access_denied' })).toMatchObject({
      refused: { status: 401, code: 'access_denied' },
    })
  })
})

describe('the strategy of a login at a provider', () => {
  const attempt: RefreshRequest = {
    baseUrl: ISSUER,
    refreshToken: 'R1',
    userId: 'ada',
    attemptId: 'attempt',
    signal: new AbortController().signal,
  }

  test('a refresh that the provider refuses for the secret says what may be wrong with it', async () => {
    const { strategy, provider } = running({ clientAuth: ClientSecretBasic('a secret+more') })
    provider.token = () => Response.json({ error: 'invalid_client' }, { status: 401 })
    const fetch = async () => provider.token?.(new URLSearchParams()) ?? new Response()
    expect(await strategy.refresh({ ...attempt, fetch })).toMatchObject({
      kind: 'refused',
      cause: 'misconfigured',
      problem: expect.stringMatching(/^A refresh was refused; perhaps .*ClientSecretPost/),
    })
    provider.token = () => Response.json({ error: 'invalid_grant' }, { status: 400 })
    expect(await strategy.refresh({ ...attempt, fetch })).toEqual({
      kind: 'rejected',
      reason: 'refreshRejected',
    })
    provider.token = () => Response.json({ error: 'invalid_client', error_codes: [9002327] }, { status: 401 })
    const refused = await strategy.refresh({ ...attempt, fetch })
    expect(refused).toMatchObject({ problem: expect.stringMatching(/^The redirect URI/) })
    provider.token = () => new Response(null, { status: 429 })
    expect(await strategy.refresh({ ...attempt, fetch })).toEqual({ kind: 'refused', cause: 'limited' })
  })

  test.each([
    ['logout', {}, 1],
    ['replaced', {}, 0],
    ['logout', { revokesAtLogout: false }, 0],
    ['logout', { revokesAtLogout: false, server: withoutLogout }, 1],
    ['logout', { revokesAtLogout: false, server: withoutLogout, logoutUrl: `${ISSUER}bye` }, 0],
    ['logout', { revokesAtLogout: false, scope: 'openid offline_access' }, 1],
    ['logout', { revokesAtLogout: false, scope: 'offline_access_not openid' }, 0],
    ['dropped', { revokesAtLogout: false }, 1],
  ] as const)('an end by %s with %j: is the token revoked?', async (cause, options, calls) => {
    const { strategy } = running(options)
    let sent = 0
    const end = {
      ...attempt,
      cause,
      fetch: async () => {
        sent++
        return new Response()
      },
    }
    expect(await strategy.revoke?.(end as unknown as RevokeRequest)).toBe(true)
    expect(sent).toBe(calls)
  })

  test('a revocation that failed is told', async () => {
    const { strategy } = running()
    const end = { ...attempt, cause: 'logout', fetch: async () => new Response(null, { status: 503 }) }
    expect(await strategy.revoke?.(end as unknown as RevokeRequest)).toBe(false)
  })
})

test('the check names the endpoints that the metadata lack', async () => {
  const { authorization_endpoint, token_endpoint: _, ...poor } = metadata
  const check = (told: object) => running({ server: ISSUER }, told).login.check?.()
  expect(await check(metadata)).toMatchObject([{ state: 'ok' }])
  expect(await check({ ...poor, authorization_endpoint })).toMatchObject([
    { state: 'wrong', message: expect.stringContaining('name no token_endpoint') },
  ])
  expect(await check(poor)).toMatchObject([
    { state: 'wrong', message: expect.stringContaining('authorization_endpoint and no token_endpoint') },
  ])
})
