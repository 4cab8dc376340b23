import { describe, expect, test } from 'vitest'
import { createSession } from 'xstate-session'
import { createBffSession } from 'xstate-session/bff'
import { openidStrategy } from 'xstate-session/librechat'
import { librechatLogin } from 'xstate-session/librechat-login'
import { oauthProvider } from 'xstate-session/oauth'
import { oauthLogin } from 'xstate-session/oauth-login'
import { createSessionServer, type SessionServerOptions } from 'xstate-session/server'
import { PANEL, SECRET } from './world.ts'

const BACKEND = { baseUrl: 'http://librechat.example' }
const server = (more: object) =>
  createSessionServer({
    publicUrl: PANEL,
    secrets: [SECRET],
    logins: { librechat: librechatLogin(BACKEND) },
    ...more,
  } as SessionServerOptions)
const login = (more: object) => server({ logins: { librechat: librechatLogin({ ...BACKEND, ...more }) } })
const page = (more: object) => createBffSession({ baseUrl: PANEL, facts: null, ...more })
const session = (more: object) =>
  createSession({ ...BACKEND, strategies: { openid: openidStrategy() }, ...more })
const provider = (more: object) =>
  oauthProvider({
    server: 'https://id.example/',
    clientId: 'panel',
    redirectUri: `${PANEL}/callback`,
    ...more,
  })
const atProvider = (more: object) =>
  server({
    logins: { staff: oauthLogin({ server: 'https://id.example/', clientId: 'panel', ...more }) },
    api: { '/api/': { target: 'http://api.example/' } },
  })

describe('a value of another kind is refused: it would act as another one without a word', () => {
  test.each<[string, () => unknown, RegExp]>([
    // Of the environment: a sum with it is a text, and the session never ends.
    [
      'a limit as text',
      () => server({ absoluteLifetimeMs: '3600000' }),
      /"absoluteLifetimeMs" must be a number; it is a string/,
    ],
    [
      'a flag as text',
      () => server({ sealedCookies: 'false' }),
      /"sealedCookies" must be true or false; it is a string/,
    ],
    ['one method as text', () => server({ api: { '/api/': 'GET' } }), /"api\["\/api\/"\]" must be an object/],
    [
      'all methods',
      () => server({ api: { '/api/': ['*'] } }),
      /"api\["\/api\/"\]\.methods" must be a list of methods/,
    ],
    [
      'an address under another name',
      () => server({ api: { '/api/': { url: 'http://api.example/' } } }),
      /"api\["\/api\/"\]\.url" does not exist: .* the address of its backend is "target"/,
    ],
    [
      'one login as text',
      () => server({ api: { '/api/': { logins: 'librechat' } } }),
      /\.logins" must be a list of texts/,
    ],
    [
      'one header as text',
      () => server({ api: { '/api/': { requestHeaders: 'x-a' } } }),
      /\.requestHeaders" must be a list/,
    ],
    ['no table', () => server({ api: ['/api/'] }), /"api" must be an object: api: \{ "\/api\/"/],
    [
      'admit without a function',
      () => server({ admit: true }),
      /"admit" must be a function; it is a boolean/,
    ],
    [
      'observe without a function',
      () => server({ observe: {} }),
      /"observe" must be a function; it is an object/,
    ],
    ['audit without a function', () => server({ audit: null }), /"audit" must be a function; it is null/],
    ['a path that is none', () => server({ path: 5 }), /"path" must be a text/],
    ['a clock that is none', () => server({ clock: Date }), /"clock" must be a clock/],
    ['one secret as text', () => server({ secrets: SECRET }), /`secrets` must be a list/],
    [
      'a secret of a proxy that is none',
      () => server({ forwardAuth: { bearerSecret: 5 } }),
      /"forwardAuth\.bearerSecret" must be a text/,
    ],
    [
      'one origin as text',
      () => login({ endSessionOrigins: 'https://id.example' }),
      /"logins\.librechat\.endSessionOrigins" must be a list/,
    ],
    [
      'trust as text',
      () => login({ trust404: 'false' }),
      /"logins\.librechat\.trust404" must be true or false/,
    ],
    [
      'a path of a page that is none',
      () => page({ path: new URL(PANEL) }),
      /"path" must be a text; it is an object/,
    ],
    ['signals of a page that are none', () => page({ signals: {} }), /"signals" must be a function/],
    [
      'the address of a provider as object',
      () => provider({ server: new URL('https://id.example/') }),
      /`server` must be a text, not a URL object/,
    ],
    ['a list of scopes', () => atProvider({ scope: ['openid'] }), /`scope` must be a text/],
  ])('%s', (_, make, said) => {
    expect(make).toThrow(
      expect.objectContaining({ name: 'Misconfigured', message: expect.stringMatching(said) }),
    )
  })
})

describe('a misspelt name is told, as the default would hold without a word', () => {
  test.each<[string, () => unknown, RegExp]>([
    ['of a server', () => server({ idleTimeout: 60 }), /"idleTimeout" does not exist: write "idleTimeoutMs"/],
    ['of a server, in seconds', () => server({ idleTimeoutSeconds: 60 }), /write "idleTimeoutMs"/],
    [
      'of an entry of the table',
      () => server({ api: { '/api/': { method: ['GET'] } } }),
      /write "api\["\/api\/"\]\.methods"/,
    ],
    ['of a login', () => login({ endSessionOrigin: [] }), /write "logins\.librechat\.endSessionOrigins"/],
    ['of a session', () => session({ idleTimeout: 60 }), /write "idleTimeoutMs"/],
    ['of a page', () => page({ absoluteLifetime: 60 }), /write "absoluteLifetimeMs"/],
    [
      'a secret as other packages have it',
      () => atProvider({ clientSecret: SECRET }),
      /`clientSecret` does not exist: give `clientAuth/,
    ],
    [
      'the document of a provider',
      () => atProvider({ server: 'https://id.example/.well-known/openid-configuration' }),
      /`server` must be the issuer: leave "\/\.well-known\/openid-configuration" out/,
    ],
  ])('%s', (_, make, said) => {
    expect(make).toThrow(
      expect.objectContaining({ name: 'Misconfigured', message: expect.stringMatching(said) }),
    )
  })

  test('but what resembles nothing that is absent may be spread into the options', () => {
    expect(() => server({ secret: SECRET, port: 3000, idleTimeoutMs: 60_000, idleTimeout: 60 })).not.toThrow()
    expect(() => page({ baseURL: PANEL, title: 'Panel' })).not.toThrow()
  })
})
