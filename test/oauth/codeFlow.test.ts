import { createHash } from 'node:crypto'
import { generateKeyPair, type JWTPayload, SignJWT } from 'jose'
import { ClientSecretBasic } from 'oauth4webapi'
import { describe, expect, test } from 'vitest'
import { LoginFailed, Misconfigured } from '../../src/base/errors.ts'
import type { AuthorizationInput } from '../../src/oauth/codeGrant.ts'
import { oauthProvider } from '../../src/oauth/oauthProvider.ts'
import type { OauthProviderOptions } from '../../src/oauth/oauthProviderOptions.ts'
import { userinfo as askUserinfo } from '../../src/oauth/userinfo.ts'

const ISSUER = 'https://op.example'
const TOKEN = 'an-access-token'
const metadata = {
  issuer: ISSUER,
  authorization_endpoint: `${ISSUER}/auth`,
  token_endpoint: `${ISSUER}/token`,
  userinfo_endpoint: `${ISSUER}/me`,
}
const seconds = () => Math.floor(Date.now() / 1000)
const halfHash = (bits: string) => {
  const whole = createHash(`sha${bits}`).update(TOKEN).digest()
  return whole.subarray(0, whole.length / 2).toString('base64url')
}

interface Answers {
  readonly alg?: string
  readonly claims?: JWTPayload
  readonly token?: () => Response | Promise<Response>
  /** Of the good answer. @default 200 */
  readonly status?: number
  readonly userinfo?: () => Response
  /** How far the provider's clock is ahead; milliseconds. */
  readonly aheadMs?: number
  /** A page of another origin does not see the `Date` of an answer. */
  readonly hasDate?: boolean
  readonly input?: AuthorizationInput
  /** How long the user takes; milliseconds. */
  readonly tookMs?: number
}

/** One login at a provider that answers as it is told. */
async function login(
  {
    alg = 'ES256',
    claims = {},
    token,
    status = 200,
    userinfo,
    aheadMs = 0,
    hasDate = true,
    input = {},
    tookMs = 0,
  }: Answers,
  options: Partial<OauthProviderOptions> = {},
) {
  const { privateKey } = await generateKeyPair(alg)
  const asked: string[] = []
  const at = seconds() + aheadMs / 1000
  let nonce = ''
  const fetch = async (input: string | URL | Request) => {
    const url = String(input)
    asked.push(url)
    if (url === `${ISSUER}/me`) return userinfo?.() ?? new Response(null, { status: 404 })
    if (token) return token()
    const whole: JWTPayload = {
      iss: ISSUER,
      aud: 'panel',
      sub: 'ada',
      iat: at,
      exp: at + 60,
      nonce,
      ...claims,
    }
    const idToken = await new SignJWT(whole).setProtectedHeader({ alg }).sign(privateKey)
    return Response.json(
      { access_token: TOKEN, token_type: 'Bearer', expires_in: 60, id_token: idToken },
      { status, ...(hasDate && { headers: { date: new Date(at * 1000).toUTCString() } }) },
    )
  }
  const line = { signal: new AbortController().signal, fetch: fetch as typeof globalThis.fetch }
  const { logins } = oauthProvider({
    server: metadata,
    clientId: 'panel',
    redirectUri: 'https://panel.example/callback',
    ...options,
  })
  const { attempt } = await logins.begin(input, line)
  nonce = attempt.nonce
  const parameters = new URLSearchParams({ code: 'c', state: attempt.state })
  const letGo: unknown[] = []
  const grant = logins.finish(
    { ...attempt, beganAt: attempt.beganAt - tookMs },
    parameters,
    line,
    (...refused) => letGo.push(refused),
  )
  return { grant, asked, letGo }
}

const failed = (reason: string) => expect.objectContaining({ code: 'login_failed', reason })
const granted = async (answers: Answers, options?: Partial<OauthProviderOptions>) =>
  (await login(answers, options)).grant

test.each([201, 203])('U90: the tokens of a login count where they come with %i', async (status) => {
  await expect(granted({ status })).resolves.toMatchObject({ token: TOKEN, user: { id: 'ada' } })
})

describe('L31: the hash of the access token, by the algorithm that signed the ID token', () => {
  test.each([
    ['RS256', '256'],
    ['ES256', '256'],
    ['ES384', '384'],
    ['PS512', '512'],
    ['EdDSA', '512'],
  ])('%s', async (alg, bits) => {
    await expect(granted({ alg, claims: { at_hash: halfHash(bits) } })).resolves.toMatchObject({
      token: TOKEN,
    })
    const other = bits === '256' ? '512' : '256'
    await expect(granted({ alg, claims: { at_hash: halfHash(other) } })).rejects.toEqual(
      failed('invalid_answer'),
    )
  })

  test('is optional', async () => {
    await expect(granted({})).resolves.toMatchObject({ user: { id: 'ada' }, expiresIn: 60 })
  })
})

describe('L26: an ID token is for this client', () => {
  test.each<[string, JWTPayload, boolean]>([
    ['alone', { aud: 'panel' }, true],
    ['alone, in a list', { aud: ['panel'] }, true],
    ['among others, and party to it', { aud: ['panel', 'a', 'b'], azp: 'panel' }, true],
    ['among others, which say nothing', { aud: ['panel', 'a', 'b'] }, false],
    ['among others, who are party to it', { aud: ['panel', 'a'], azp: 'a' }, false],
    ['not named', { aud: 'other' }, false],
  ])('%s', async (_, claims, isGood) => {
    if (isGood) await expect(granted({ claims })).resolves.toMatchObject({ user: { id: 'ada' } })
    else await expect(granted({ claims })).rejects.toEqual(failed('invalid_answer'))
  })

  test.each<[string, JWTPayload]>([
    ['another nonce', { nonce: 'other' }],
    ['another issuer', { iss: 'https://other.example' }],
    ['its issuer with a slash (L24)', { iss: `${ISSUER}/` }],
    ['no subject', { sub: '' }],
    ['an end in the past', { exp: seconds() - 3_600 }],
  ])('not with %s', async (_, claims) => {
    await expect(granted({ claims })).rejects.toEqual(failed('invalid_answer'))
  })
})

test.each([-86_400_000, -3_600_000, 600_000, 86_400_000])(
  'L25: a device whose clock is off by %i ms logs in once, and its bearer lives as long as the provider says',
  async (aheadMs) => {
    await expect(granted({ aheadMs })).resolves.toMatchObject({ user: { id: 'ada' }, expiresIn: 60 })
    await expect(granted({ aheadMs, hasDate: false })).resolves.toMatchObject({ user: { id: 'ada' } })
  },
)

describe('L30: stepping up ends with what was asked for', () => {
  const MINUTE = 60
  test.each<[string, Answers, boolean]>([
    ['a sign-in a moment ago', { input: { maxAge: 0 }, claims: { auth_time: seconds() } }, true],
    [
      'one that took the user minutes after it',
      { input: { maxAge: 0 }, tookMs: 600_000, claims: { auth_time: seconds() - 5 * MINUTE } },
      true,
    ],
    ['an older one', { input: { maxAge: 0 }, claims: { auth_time: seconds() - 5 * MINUTE } }, false],
    ['one that nobody tells', { input: { maxAge: 0 } }, false],
    ['one in milliseconds', { input: { maxAge: 0 }, claims: { auth_time: Date.now() } }, false],
    ['as old as may be', { input: { maxAge: 3_600 }, claims: { auth_time: seconds() - 5 * MINUTE } }, true],
    ['one of the ways', { input: { acrValues: ['phr', 'mfa'] }, claims: { acr: 'mfa' } }, true],
    ['another way', { input: { acrValues: ['phr', 'mfa'] }, claims: { acr: 'pwd' } }, false],
    ['no way', { input: { acrValues: ['mfa'] } }, false],
  ])('%s', async (_, answers, isGood) => {
    for (const aheadMs of [0, -600_000, 600_000]) {
      const at = answers.claims?.auth_time
      const moved = typeof at === 'number' ? { auth_time: at + aheadMs / 1000 } : {}
      const claims = { ...answers.claims, ...moved }
      const { grant, letGo } = await login({ ...answers, claims, aheadMs, hasDate: false })
      if (isGood) await expect(grant).resolves.toMatchObject({ user: { id: 'ada' } })
      else await expect(grant).rejects.toEqual(failed('step_up_failed'))
      expect(letGo).toEqual(isGood ? [] : [[{ token: TOKEN }, 'ada']])
    }
  })
})

describe('L27: what the provider tells of the user beside the ID token', () => {
  const asking = { userinfo: askUserinfo }

  test('is asked for where the application wants it, and is about the same user', async () => {
    const userinfo = () => Response.json({ sub: 'ada', name: 'Ada', email: 'ada@example.com' })
    const { grant, asked } = await login({ userinfo }, asking)
    expect((await grant).user).toEqual({ id: 'ada', name: 'Ada', email: 'ada@example.com' })
    expect(asked).toEqual([`${ISSUER}/token`, `${ISSUER}/me`])
    expect((await login({ userinfo })).asked).not.toContain(`${ISSUER}/me`)
  })

  test.each<[string, () => Response]>([
    ['another subject', () => Response.json({ sub: 'bob', name: 'Bob' })],
    ['no subject', () => Response.json({ name: 'Bob' })],
    ['a list', () => Response.json([{ sub: 'ada' }])],
  ])('never mixes users: %s', async (_, userinfo) => {
    const { grant, letGo } = await login({ userinfo }, asking)
    const error = await grant.catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(LoginFailed)
    expect(letGo).toEqual([[{ token: TOKEN }, 'ada']])
  })

  test.each<[string, () => Response]>([
    ['a refusal', () => new Response(null, { status: 401 })],
    ['an error', () => new Response('oops', { status: 500 })],
    ['a page', () => new Response('<!doctype html>', { headers: { 'content-type': 'text/html' } })],
  ])('is done without where nobody answers: %s', async (_, userinfo) => {
    await expect(granted({ userinfo }, asking)).resolves.toMatchObject({ user: { id: 'ada' } })
  })
})

describe('L19: an exchange that comes to nothing', () => {
  test.each<[string, () => Response | Promise<Response>, string]>([
    ['no connection', () => Promise.reject(new TypeError('fetch failed')), 'provider_unavailable'],
    ['a gateway', () => new Response('<h1>502</h1>', { status: 502 }), 'provider_unavailable'],
    ['a page in place of an answer', () => new Response('<!doctype html>'), 'provider_unavailable'],
    [
      'a code that was used',
      () => Response.json({ error: 'invalid_grant' }, { status: 400 }),
      'invalid_grant',
    ],
    ['no ID token', () => Response.json({ access_token: TOKEN, token_type: 'Bearer' }), 'invalid_answer'],
    ['nothing of use', () => Response.json({}), 'invalid_answer'],
  ])('%s: it is told as %3$s, and the code is not sent again', async (_, token, reason) => {
    const { grant, asked } = await login({ token })
    await expect(grant).rejects.toEqual(failed(reason))
    expect(asked).toHaveLength(1)
  })

  test('no answer in time ends with the patience of the caller', async () => {
    const controller = new AbortController()
    const fetch = () => new Promise<Response>(() => {})
    const { logins } = oauthProvider({
      server: metadata,
      clientId: 'panel',
      redirectUri: 'https://panel.example/c',
    })
    const { attempt } = await logins.begin({}, { signal: controller.signal, fetch })
    const parameters = new URLSearchParams({ code: 'c', state: attempt.state })
    const grant = logins.finish(attempt, parameters, { signal: controller.signal, fetch }, () => {})
    controller.abort()
    await expect(grant).rejects.toEqual(failed('provider_unavailable'))
  })
})

test('what a login may ask for is in the address, and none of it replaces the protocol’s', async () => {
  const { logins } = oauthProvider({
    server: metadata,
    clientId: 'panel',
    redirectUri: 'https://panel.example/callback',
    scope: 'openid email',
  })
  const line = { signal: new AbortController().signal }
  const { location } = await logins.begin(
    {
      prompt: 'login',
      loginHint: 'ada@example.com',
      maxAge: 60,
      acrValues: ['mfa', 'phr'],
      uiLocales: ['de', 'en'],
      parameters: { audience: 'api', client_id: 'other', state: 'planted' },
    },
    line,
  )
  expect(Object.fromEntries(location.searchParams)).toMatchObject({
    prompt: 'login',
    login_hint: 'ada@example.com',
    max_age: '60',
    acr_values: 'mfa phr',
    ui_locales: 'de en',
    audience: 'api',
    client_id: 'panel',
    scope: 'openid email',
  })
  expect(location.searchParams.get('state')).not.toBe('planted')
})

describe('L17 and L18: an answer in the address that is not that of the attempt', () => {
  const server = { ...metadata, authorization_response_iss_parameter_supported: true }
  test.each<[string, (state: string) => string, string]>([
    ['without a code', (state) => `state=${state}&iss=${ISSUER}`, 'invalid_answer'],
    ['of another attempt', () => `code=c&state=other&iss=${ISSUER}`, 'invalid_answer'],
    ['without a state', () => `code=c&iss=${ISSUER}`, 'invalid_answer'],
    ['without its issuer, which this one names', (state) => `code=c&state=${state}`, 'invalid_answer'],
    ['of another issuer', (state) => `code=c&state=${state}&iss=https://a.example`, 'other_issuer'],
    ['with two codes', (state) => `code=c&code=d&state=${state}&iss=${ISSUER}`, 'invalid_answer'],
    ['with two states', (state) => `code=c&state=${state}&state=o&iss=${ISSUER}`, 'invalid_answer'],
  ])('%s: nothing is sent', async (_, answerOf, reason) => {
    const sent: string[] = []
    const fetch = async (input: string | URL | Request) => {
      sent.push(String(input))
      return new Response()
    }
    const line = { signal: new AbortController().signal, fetch }
    const { logins } = oauthProvider({ server, clientId: 'panel', redirectUri: 'https://panel.example/c' })
    const { attempt } = await logins.begin({}, line)
    const parameters = new URLSearchParams(answerOf(attempt.state))
    await expect(logins.finish(attempt, parameters, line, () => {})).rejects.toEqual(failed(reason))
    expect(sent).toEqual([])
  })
})

test.each<[string, object]>([
  ['no page', { authorization_endpoint: undefined }],
  ['a script', { authorization_endpoint: 'javascript:alert(1)//' }],
  ['a page over http', { authorization_endpoint: 'http://op.example/auth' }],
  ['a path', { authorization_endpoint: '/auth' }],
])('metadata whose login page is %s lead nowhere', async (_, more) => {
  const server = { ...metadata, ...more } as typeof metadata
  const { logins } = oauthProvider({ server, clientId: 'panel', redirectUri: 'https://panel.example/c' })
  const line = { signal: new AbortController().signal }
  await expect(logins.begin({}, line)).rejects.toThrow(/`authorization_endpoint` in the metadata/)
  const ending = { ...metadata, end_session_endpoint: 'javascript:alert(1)' }
  const hostile = oauthProvider({ server: ending, clientId: 'panel', redirectUri: 'https://panel.example/c' })
  await expect(hostile.logins.endSession(undefined, line)).rejects.toThrow(/`end_session_endpoint`/)
})

describe('a pushed request (RFC 9126)', () => {
  const pushing = { ...metadata, pushed_authorization_request_endpoint: `${ISSUER}/par` }
  const begin = (server: typeof metadata, answer: () => Response) =>
    oauthProvider({ server, clientId: 'panel', redirectUri: 'https://panel.example/c' }).logins.begin(
      {},
      { signal: new AbortController().signal, fetch: async () => answer() },
    )
  const refusal = () => Response.json({ error: 'invalid_client' }, { status: 401 })

  test('that is for others only is in the address', async () => {
    const { location } = await begin(pushing, refusal)
    expect(location.searchParams.get('redirect_uri')).toBe('https://panel.example/c')
  })

  test('whose client has not proven itself is told before anybody types a password', async () => {
    const line = {
      signal: new AbortController().signal,
      fetch: async () => refusal(),
    }
    const { logins } = oauthProvider({
      server: pushing,
      clientId: 'panel',
      clientAuth: ClientSecretBasic('wrong'),
      redirectUri: 'https://panel.example/c',
    })
    await expect(logins.begin({}, line)).rejects.toEqual(failed('invalid_client'))
  })

  test('that is required, and refused, is told', async () => {
    const required = { ...pushing, require_pushed_authorization_requests: true }
    await expect(begin(required, refusal)).rejects.toEqual(failed('invalid_client'))
  })
})

test('a logout is told once, however often its revocation is tried, and not for a token that came too late', async () => {
  const calls: string[] = []
  const fetch = async (input: string | URL | Request) => {
    calls.push(String(input))
    return new Response(null, { status: calls.length < 5 ? 503 : 200 })
  }
  const provider = oauthProvider({
    server: { ...metadata, revocation_endpoint: `${ISSUER}/revoke` },
    clientId: 'panel',
    redirectUri: 'https://panel.example/c',
  })
  let told = 0
  provider.logins.onLogout(() => {
    told++
  })
  const { signal } = new AbortController()
  const end = { baseUrl: '', userId: 'ada', attemptId: 'a', refreshToken: 'R', signal, fetch } as const
  for (let tries = 0; tries < 3; tries++)
    expect(await provider.revoke?.({ ...end, cause: 'logout' })).toBe(false)
  await provider.revoke?.({ ...end, signal: new AbortController().signal, cause: 'late' })
  expect(calls).toHaveLength(4)
  expect(await provider.revoke?.({ ...end, signal: new AbortController().signal, cause: 'late' })).toBe(true)
  expect(told).toBe(1)
})

test('metadata without a login page are named', async () => {
  const { authorization_endpoint: _, ...rest } = metadata
  const { logins } = oauthProvider({
    server: rest,
    clientId: 'panel',
    redirectUri: 'https://panel.example/c',
  })
  await expect(logins.begin({}, { signal: new AbortController().signal })).rejects.toThrow(Misconfigured)
})
