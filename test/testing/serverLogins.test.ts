import { ClientSecretBasic } from 'oauth4webapi'
import { describe, expect, test } from 'vitest'
import { librechatLogin } from 'xstate-session/librechat-login'
import { oauthLogin } from 'xstate-session/oauth-login'
import type { LoginStep, ServerLogin } from 'xstate-session/server'
import { type ServerLoginUnderTest, serverLoginConformance } from 'xstate-session/testing'
import { startBackend } from '../../examples/backend/startBackend.ts'
import { startPageProvider } from '../../examples/embed/provider.ts'
import { browser } from '../server/browser.ts'

const PANEL = 'https://admin.example'
/** The way of a user through the pages of a provider. */
const visit = (account?: string) => (location: URL) =>
  browser(async () => new Response(), PANEL).elsewhere(location, account ?? '')

async function oauth(): Promise<ServerLoginUnderTest> {
  const secret = 'the secret of a client'
  const provider = await startPageProvider({
    redirectUri: `${PANEL}/session/callback/login`,
    postLogoutRedirectUri: `${PANEL}/login`,
    clientSecret: secret,
  })
  return {
    login: oauthLogin({
      server: provider.issuer,
      clientId: 'panel',
      clientAuth: ClientSecretBasic(secret),
      scope: 'openid profile email offline_access',
    }),
    visit: visit('ada'),
    close: () => provider.close(),
  }
}

async function librechat(): Promise<ServerLoginUnderTest> {
  const backend = await startBackend({ panelUrl: PANEL })
  const { email, password } = backend.accounts.localAdmin
  return {
    login: librechatLogin({ baseUrl: backend.url }),
    credentials: { right: { email, password }, wrong: { email, password: 'not the password' } },
    visit: visit(backend.accounts.openidAdmin.sub),
    close: () => backend.close(),
  }
}

type Submit = (name: string, password: string, fetch: typeof globalThis.fetch) => Promise<LoginStep>

/** A backend of one's own, and a login as somebody writes it in a quarter of an hour. */
const submit: Submit = async (name, password, fetch) => {
  const away: LoginStep = { refused: { status: 503, code: 'backend_unavailable' } }
  try {
    const body = JSON.stringify({ name, password })
    const answer = await fetch('data:application/json,{"token":"bearer","refreshToken":"refresh"}')
    const said = (await answer.json()) as { token?: unknown; refreshToken?: unknown } | null
    if (!answer.ok || typeof said?.token !== 'string' || typeof said.refreshToken !== 'string') return away
    if (body.includes('wrong')) return { refused: { status: 401, code: 'invalid_credentials' } }
    const { token, refreshToken } = said
    return { done: { answer: { token, refreshToken, user: { id: name } }, strategy: 'own' } }
  } catch {
    return away
  }
}

const own =
  (trySubmit: Submit = submit): ServerLogin =>
  ({ fetch = globalThis.fetch }) => ({
    identity: 'https://own.example',
    apiUrl: 'https://own.example/',
    strategies: {
      own: {
        needsRefreshToken: true,
        refresh: async () => ({ kind: 'ok', bearer: 'next', life: { expiresIn: 60 } }),
      },
    },
    expected: () => 'a JSON object with "name" and "password"',
    submit: async (_, { name, password }) =>
      typeof name === 'string' && typeof password === 'string' ? trySubmit(name, password, fetch) : undefined,
  })

const password = async (login = own()): Promise<ServerLoginUnderTest> => ({
  login,
  credentials: { right: { name: 'ada', password: 'right' }, wrong: { name: 'ada', password: 'wrong' } },
})

describe.each([
  ['oauthLogin', oauth],
  ['librechatLogin', librechat],
  ['a password login of one’s own', () => password()],
])('%s', (_, create) => {
  for (const { name, run } of serverLoginConformance({ create })) test(name, run)
})

/** One by redirect, whose grants say `more`. */
async function byRedirect({ bringsSid, ...more }: { bringsSid?: boolean; sub?: unknown; sid?: unknown }) {
  const login: ServerLogin = (host) => {
    const { submit: _, expected: __, ...rest } = own()(host)
    return {
      ...rest,
      ...(bringsSid && { bringsSid }),
      callbackPaths: [host.callbackPath],
      begin: async () => ({ location: new URL('https://own.example/'), keep: null }),
      callback: async () =>
        ({
          done: {
            answer: { token: 'bearer', refreshToken: 'refresh', user: { id: 'ada' } },
            strategy: 'own',
            ...more,
          },
        }) as LoginStep,
    }
  }
  return { login, visit: async () => new URL(`${PANEL}/session/callback/login`) }
}

describe('a login that does not do what it must is found', () => {
  const failing = async (create: () => Promise<ServerLoginUnderTest>) => {
    const names: string[] = []
    for (const { name, run } of serverLoginConformance({ create }))
      await run().catch(() => void names.push(name.split(',', 1)[0] ?? ''))
    return names
  }

  test.each<[string, () => Promise<ServerLoginUnderTest>, string]>([
    [
      'it throws where its backend is away',
      () =>
        password(
          own((name, pass, fetch) => fetch('data:,x').then(() => submit(name, pass, globalThis.fetch))),
        ),
      'whatever answers in place of its backend',
    ],
    [
      'it repeats the password',
      () =>
        password(
          own(async (_, pass) => ({
            refused: { status: 401, code: 'invalid_credentials', problem: `not ${pass}` },
          })),
        ),
      'wrong credentials are refused with a word of their own',
    ],
    [
      'its word is a sentence',
      () => password(own(async () => ({ refused: { status: 401, code: 'Wrong password!' } }))),
      'wrong credentials are refused with a word of their own',
    ],
    [
      'its strategy is another',
      () =>
        password(
          own(async () => ({ done: { answer: { token: 't', user: { id: 'ada' } }, strategy: 'other' } })),
        ),
      'the right credentials are granted a session that its strategy renews',
    ],
    [
      'it has no address',
      () => password((host) => ({ ...own()(host), apiUrl: 'own.example' })),
      'it says what its sessions are bound to',
    ],
    [
      'it takes anything',
      () => password((host) => ({ ...own()(host), submit: async () => submit('x', 'x', globalThis.fetch) })),
      'what is no input of a step is none',
    ],
    [
      'it names nobody to a logout of the provider',
      () => byRedirect({ bringsSid: true }),
      'a login by redirect is granted a session that its strategy renews',
    ],
    [
      'its `sub` is no text',
      () => byRedirect({ sub: 7 }),
      'a login by redirect is granted a session that its strategy renews',
    ],
  ])('%s', async (_, create, name) => {
    expect(await failing(create)).toContain(name)
  })

  test('what is said of a refused grant holds no token', async () => {
    const granted = { answer: { token: 'secret-token', user: { id: 'ada' } }, strategy: 'own' }
    const create = async () =>
      password(own(async () => ({ refused: { status: 403, code: 'not_admitted' }, granted })))
    const said: string[] = []
    for (const { run } of serverLoginConformance({ create }))
      await run().catch((error: Error) => void said.push(error.message))
    expect(said.join(' ')).toContain('not_admitted')
    expect(said.join(' ')).not.toContain('secret-token')
  })
})
