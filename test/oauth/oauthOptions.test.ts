import { allowInsecureRequests, ClientSecretBasic } from 'oauth4webapi'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createSession, type SessionNotice } from 'xstate-session'
import { Misconfigured } from '../../src/base/errors.ts'
import { cookieStrategy } from '../../src/librechat/cookieStrategy.ts'
import { openidStrategy } from '../../src/librechat/openidStrategy.ts'
import type { OauthStrategyOptions } from '../../src/oauth/oauthOptions.ts'
import { oauthStrategy } from '../../src/oauth/oauthStrategy.ts'
import { fakeClock } from '../fakeClock.ts'
import { attempt } from '../strategies/attempt.ts'
import { httpServer } from '../wire/loopback.ts'

const metadata = { issuer: 'https://op.example', token_endpoint: 'https://op.example/token' }
const create = (options: object) =>
  oauthStrategy({ server: metadata, clientId: 'panel', ...options } as OauthStrategyOptions)
const refusal = (options: object) => {
  try {
    create(options)
  } catch (error) {
    return error
  }
  return undefined
}

test('U47: a secret in the place of a URL is not repeated', () => {
  for (const server of ['GOCSPX-my-secret', 'my:secret', '$my-secret', 'undefinedsecret'])
    expect(String(refusal({ server }))).not.toContain('ecret')
})

describe('U47: what cannot work is refused where it is written', () => {
  test.each([
    ['no server', { server: undefined }, '`server` is missing'],
    ['null for the server', { server: null }, '`server` is missing'],
    ['a server that is no URL', { server: 'op.example' }, '`server` must be an absolute https: URL'],
    ['another scheme', { server: 'ftp://op.example' }, '`server` must be an absolute https: URL'],
    [
      'a variable that the build did not replace',
      { server: '%VITE_ISSUER%' },
      '`server` must be an absolute https: URL, or http: on loopback. It is "%VITE_ISSUER%".',
    ],
    [
      'such a variable within a URL',
      { server: '$ISSUER/realms/x' },
      'or http: on loopback. It is "$ISSUER".',
    ],
    ['an http: issuer', { server: 'http://id.example/realms/x' }, '`server` is at http://id.example'],
    ['an http: issuer beside loopback', { server: 'http://127.0.0.1.example' }, 'http: is for loopback only'],
    ['an http: issuer that ends like it', { server: 'http://notlocalhost' }, 'http: is for loopback only'],
    ['metadata without an issuer', { server: { token_endpoint: 'https://op.example/token' } }, '`server`'],
    [
      'metadata without a token endpoint',
      { server: { issuer: 'https://op.example' } },
      '`server.token_endpoint`',
    ],
    [
      'metadata with an http: issuer',
      { server: { ...metadata, issuer: 'http://op.example' } },
      '`server` is at',
    ],
    [
      'an http: token endpoint',
      { server: { ...metadata, token_endpoint: 'http://op.example/token' } },
      '`server.token_endpoint` is at http://op.example',
    ],
    [
      'an http: revocation endpoint',
      { server: { ...metadata, revocation_endpoint: 'http://op.example/revoke' } },
      '`server.revocation_endpoint` is at http://op.example',
    ],
    ['no client id', { clientId: undefined }, '`clientId`'],
    ['an empty client id', { clientId: '' }, '`clientId`'],
    ['a client id that is no text', { clientId: 7 }, '`clientId`'],
    ['a secret in place of its proof', { clientAuth: 'secret' }, '`clientAuth`'],
    ['client metadata that are none', { client: 'panel' }, '`client`'],
    ['an empty scope', { scope: ' ' }, '`scope`'],
    ['a scope that is a list', { scope: ['openid'] }, '`scope`'],
    ['a user that is no function', { user: { id: 'u' } }, '`user`'],
    ['an unknown policy', { resend: 'always' }, '`resend`'],
    ['a window without a length', { resend: { withinMs: 0 } }, '`resend`'],
    ['a window that is no number', { resend: { withinMs: Number.NaN } }, '`resend`'],
  ])('U47: %s', (_, options, words) => {
    const error = refusal(options)
    expect(error).toBeInstanceOf(Misconfigured)
    expect((error as Error).message).toContain('oauthStrategy: ')
    expect((error as Error).message).toContain(words)
  })

  test('U47: the other strategies say it of their options, too', () => {
    for (const resend of ['always', { withinMs: -1 }, {}, null]) {
      expect(() => openidStrategy({ resend } as never)).toThrow(/openidStrategy: `resend`/)
      expect(() => cookieStrategy({ resend } as never)).toThrow(/cookieStrategy: `resend`/)
    }
    for (const loginPath of ['login', '', '//evil.example', '/\\evil', 'https://x.example/login', '/log in'])
      expect(() => cookieStrategy({ loginPath })).toThrow(/cookieStrategy: `loginPath`/)
  })

  test.each([
    'http://localhost:8080/realms/x',
    'http://127.0.0.1:4400',
    'http://[::1]:1',
    'http://op.localhost',
  ])('U47: loopback may do without TLS: %s', (server) => expect(refusal({ server })).toBeUndefined())

  test('U47: and so may a closed network, where it is said', () => {
    expect(
      refusal({ server: 'http://keycloak:8080/realms/x', [allowInsecureRequests]: true }),
    ).toBeUndefined()
    expect(
      refusal({ clientAuth: ClientSecretBasic('s'), scope: 'openid', resend: { withinMs: 1 } }),
    ).toBeUndefined()
  })

  test('U47: on loopback the refresh then goes out', async () => {
    const { baseUrl } = await httpServer((request, response) => {
      const issuer = baseUrl.slice(0, -1)
      response.setHeader('content-type', 'application/json')
      response.end(
        JSON.stringify(
          request.url?.includes('.well-known')
            ? { issuer, token_endpoint: `${issuer}/token` }
            : { access_token: 'T2', token_type: 'bearer' },
        ),
      )
    })
    expect(await create({ server: baseUrl.slice(0, -1) }).refresh(attempt())).toMatchObject({ bearer: 'T2' })
    const server = { issuer: 'https://op.example', token_endpoint: `${baseUrl}token` }
    expect(await create({ server }).refresh(attempt())).toMatchObject({ bearer: 'T2' })
  })
})

describe('an issuer that is another one', () => {
  /** A provider that tells `issuer` of itself. */
  async function provider(issuerOf: (url: string) => unknown, type = 'application/json') {
    const { baseUrl } = await httpServer((request, response) => {
      const url = baseUrl.slice(0, -1)
      response.setHeader('content-type', request.url?.includes('.well-known') ? type : 'application/json')
      response.end(
        JSON.stringify(
          request.url?.includes('.well-known')
            ? { issuer: issuerOf(url), token_endpoint: `${url}/token` }
            : { access_token: 'T2', token_type: 'bearer' },
        ),
      )
    })
    return baseUrl.slice(0, -1)
  }
  const refreshed = (server: string) => create({ server }).refresh(attempt())

  test('U47: one slash more or less is told with both issuers', async () => {
    const url = await provider((own) => `${own}/realms/x`)
    expect(await refreshed(`${url}/realms/x/`)).toEqual({
      kind: 'refused',
      cause: 'misconfigured',
      problem: `oauthStrategy: \`server\` is ${url}/realms/x/, and the provider there says that its issuer is ${url}/realms/x. Give \`server\` as the provider says it, to the letter.`,
    })
    expect(await refreshed(`${url}/realms/x`)).toMatchObject({ bearer: 'T2' })
  })

  test('U47: so is the outer name of a provider that is asked by its inner one', async () => {
    const url = await provider(() => 'https://id.example.com/realms/x')
    expect(await refreshed(`${url}/realms/x`)).toMatchObject({
      problem: expect.stringMatching(/127\.0\.0\.1.*https:\/\/id\.example\.com\/realms\/x/),
    })
  })

  test('U47: what is no URL is not quoted', async () => {
    const url = await provider(() => '\u001b[31mcanary %s <script>')
    expect(await refreshed(url)).toEqual({ kind: 'refused', cause: 'misconfigured' })
    const long = await provider(() => `https://x.example/${'canary'.repeat(1000)}`)
    const { problem = '' } = (await refreshed(long)) as { problem?: string }
    expect(problem.length).toBeLessThan(500)
  })

  test('U43: metadata are read whatever their content type says', async () => {
    for (const type of ['application/octet-stream', 'text/plain', 'application/json; charset=utf-8'])
      expect(await refreshed(await provider((own) => own, type))).toMatchObject({ bearer: 'T2' })
  })
})

test('U47: who asks for a bearer is told of both issuers, and so is who observes', async () => {
  const { baseUrl } = await httpServer((_, response) => {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ issuer: `${baseUrl}realms/x`, token_endpoint: `${baseUrl}token` }))
  })
  const clock = fakeClock()
  const notices: SessionNotice[] = []
  const session = createSession({
    baseUrl,
    strategies: { oidc: create({ server: `${baseUrl}realms/x/` }) },
    refresh: 'onDemand',
    clock,
    observe: (notice) => notices.push(notice),
  })
  onTestFinished(() => session.dispose())
  const answer = { token: 'B1', refreshToken: 'R1', user: { id: 'ada' }, expiresAt: clock.wall() + 60_000 }
  await session.login(answer, { provider: 'oidc' })
  clock.advance(61_000)
  const both = expect.stringMatching(/realms\/x\/, .*realms\/x\. /)
  await expect(session.getToken()).rejects.toMatchObject({ code: 'misconfigured', message: both })
  expect(notices).toContainEqual(expect.objectContaining({ cause: 'misconfigured', problem: both }))
})
