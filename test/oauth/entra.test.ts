import { type JWTPayload, UnsecuredJWT } from 'jose'
import { describe, expect, test } from 'vitest'
import { LoginFailed, Misconfigured } from '../../src/base/errors.ts'
import { entraTenants } from '../../src/oauth/entraTenants.ts'
import { oauthProvider } from '../../src/oauth/oauthProvider.ts'
import { oauthStrategy } from '../../src/oauth/oauthStrategy.ts'

const HOST = 'https://login.microsoftonline.com'
const OURS = '11111111-aaaa-4bbb-8ccc-222222222222'
const OTHERS = '33333333-aaaa-4bbb-8ccc-444444444444'
/** Whoever has a private Microsoft account. */
const PERSONAL = '9188040d-6c67-4c5b-b112-36a304b66dad'
const options = { server: `${HOST}/organizations/v2.0`, clientId: 'panel', tenants: entraTenants([OURS]) }
const issuerOf = (tenant: string) => `${HOST}/${tenant}/v2.0`

/** Entra, as it describes itself and as it answers. */
function entra(claims: JWTPayload, token?: () => Response) {
  const posted: URLSearchParams[] = []
  let nonce = ''
  const fetch = async (input: string | URL | Request, init?: RequestInit) => {
    const url = new URL(String(input))
    if (url.pathname.endsWith('/openid-configuration'))
      return Response.json({
        issuer: `${HOST}/{tenantid}/v2.0`,
        authorization_endpoint: `${HOST}/organizations/oauth2/v2.0/authorize`,
        token_endpoint: `${HOST}/organizations/oauth2/v2.0/token`,
      })
    posted.push(new URLSearchParams(String(init?.body)))
    if (token) return token()
    const now = Math.floor(Date.now() / 1000)
    const whole = { aud: 'panel', sub: 'ada', iat: now, exp: now + 600, nonce, ...claims }
    const text = new UnsecuredJWT(whole).encode().replace(/^[^.]+/, btoa('{"alg":"RS256"}'))
    return Response.json({
      access_token: 'B',
      refresh_token: 'R',
      token_type: 'Bearer',
      id_token: `${text}c2ln`,
    })
  }
  const line = { signal: new AbortController().signal, fetch: fetch as typeof globalThis.fetch }
  return {
    posted,
    async login(more: object = {}) {
      const { logins } = oauthProvider({ redirectUri: 'https://panel.example/callback', ...options, ...more })
      const { attempt } = await logins.begin({}, line)
      nonce = attempt.nonce
      const letGo: unknown[] = []
      const parameters = new URLSearchParams({ code: 'c', state: attempt.state })
      const grant = logins.finish(attempt, parameters, line, (tokens) => letGo.push(tokens))
      return { grant, letGo }
    },
    refresh: () =>
      oauthStrategy(options).refresh({
        ...line,
        baseUrl: '',
        attemptId: 'a',
        refreshToken: 'R',
        userId: 'ada',
        bearer: 'B',
      } as never),
  }
}

const failed = (reason: string) => expect.objectContaining({ reason })

describe('L23: an issuer that stands for many tenants', () => {
  test('takes users of the tenants that it was given', async () => {
    const { grant } = await entra({ iss: issuerOf(OURS), tid: OURS }).login()
    await expect(grant).resolves.toMatchObject({ user: { id: 'ada' }, token: 'B' })
    const capitals = await entra({ iss: issuerOf(OURS), tid: OURS }).login({
      tenants: entraTenants([OURS.toUpperCase()]),
    })
    await expect(capitals.grant).resolves.toMatchObject({ user: { id: 'ada' } })
  })

  test.each([
    ['another tenant', { iss: issuerOf(OTHERS), tid: OTHERS }, 'not_admitted'],
    ['a private account', { iss: issuerOf(PERSONAL), tid: PERSONAL }, 'not_admitted'],
    ['a tenant that is not that of its issuer', { iss: issuerOf(OTHERS), tid: OURS }, 'invalid_answer'],
    ['our tenant at another host', { iss: `https://evil.example/${OURS}/v2.0`, tid: OURS }, 'invalid_answer'],
    ['the placeholder itself', { iss: `${HOST}/{tenantid}/v2.0`, tid: '{tenantid}' }, 'invalid_answer'],
    ['no tenant', { iss: issuerOf(OURS) }, 'invalid_answer'],
    ['the address that was configured', { iss: `${HOST}/organizations/v2.0`, tid: OURS }, 'invalid_answer'],
  ])('refuses %s, and lets its tokens go', async (_, claims, reason) => {
    const { grant, letGo } = await entra(claims).login()
    await expect(grant).rejects.toEqual(failed(reason))
    expect(letGo).toEqual([{ token: 'B', refreshToken: 'R' }])
  })

  test('a renewal is judged alike', async () => {
    expect(await entra({ iss: issuerOf(OURS), tid: OURS }).refresh()).toMatchObject({
      kind: 'ok',
      bearer: 'B',
      user: { id: 'ada' },
    })
    expect(await entra({ iss: issuerOf(OTHERS), tid: OTHERS }).refresh()).toEqual({
      kind: 'rejected',
      reason: 'accessRevoked',
    })
    expect(await entra({ iss: issuerOf(OTHERS), tid: OURS }).refresh()).toEqual({
      kind: 'rejected',
      reason: 'identityMismatch',
      security: 'identityMismatch',
    })
  })

  test.each<[string, object, RegExp]>([
    ['no tenants', { tenants: undefined }, /`tenants` must be `entraTenants` with the ids/],
    ['a list', { tenants: [OURS] }, /`tenants` must be `entraTenants` with the ids/],
    ['an empty list', { tenants: entraTenants([]) }, /`tenants` must be `entraTenants` with the ids/],
    [
      'a name in place of an id',
      { tenants: entraTenants(['contoso.com']) },
      /`tenants` must be `entraTenants` with the ids/,
    ],
    ['tenants of an issuer that has its own users', { server: issuerOf(OURS) }, /`tenants` is for/],
    [
      'another host that leaves its issuer open',
      { server: 'https://id.example/common/v2.0' },
      /`tenants` is for/,
    ],
  ])('is refused at once with %s', (_, more, problem) => {
    const make = () => oauthProvider({ redirectUri: 'https://panel.example/cb', ...options, ...more })
    expect(make).toThrow(Misconfigured)
    expect(make).toThrow(problem)
  })

  test('no other host may leave its issuer open', async () => {
    const fetch = async () =>
      Response.json({ issuer: `${HOST}/{tenantid}/v2.0`, token_endpoint: `${HOST}/t` })
    const line = { signal: new AbortController().signal, fetch: fetch as typeof globalThis.fetch }
    const { logins } = oauthProvider({
      server: issuerOf(OURS),
      clientId: 'panel',
      redirectUri: 'https://panel.example/cb',
    })
    await expect(logins.begin({}, line)).rejects.toThrow(Misconfigured)
  })
})

describe('L35: a redirect URI that is registered for the other kind of client', () => {
  const refused = (code: number) => () =>
    Response.json(
      { error: 'invalid_request', error_description: `AADSTS${code}: …`, error_codes: [code] },
      { status: 400 },
    )

  test.each([
    [9002326, 'register it for "Single-page application"'],
    [9002327, 'register it for "Web"'],
  ])('%s is said, with what to change', async (code, problem) => {
    const { grant } = await entra({}, refused(code)).login()
    await expect(grant).rejects.toThrow(Misconfigured)
    await expect(grant).rejects.toThrow(problem)
    expect(await entra({}, refused(code)).refresh()).toEqual({
      kind: 'refused',
      cause: 'misconfigured',
      problem: expect.stringContaining(problem),
    })
  })

  test('a refresh token that has lived its day ends the session, as one that was taken back', async () => {
    const over = () =>
      Response.json(
        { error: 'invalid_grant', error_description: 'AADSTS700084: …', error_codes: [700084] },
        { status: 400 },
      )
    expect(await entra({}, over).refresh()).toEqual({ kind: 'rejected', reason: 'refreshRejected' })
    const { grant } = await entra({}, over).login()
    await expect(grant).rejects.toThrow(LoginFailed)
  })
})
