import { ClientSecretBasic, ClientSecretPost } from 'oauth4webapi'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { userinfo } from 'xstate-session/oauth'
import { type OauthLoginOptions, oauthLogin } from 'xstate-session/oauth-login'
import { createSessionServer, memoryServerStore, type ServerNotice } from 'xstate-session/server'
import { startPageProvider } from '../../examples/embed/provider.ts'
import { fakeClock } from '../fakeClock.ts'
import { browser } from './browser.ts'
import { loginHost } from './loginHost.ts'
import { PANEL, SECRET } from './world.ts'

/** Every character of ASCII that can be seen, and the blank. */
const ASCII = Array.from({ length: 0x7f - 0x20 }, (_, n) => String.fromCharCode(0x20 + n)).join('')
const WELL_KNOWN = '/.well-known/openid-configuration'

interface Options extends Partial<OauthLoginOptions> {
  readonly secret?: string
  /** What is asked before a request goes to the provider; an answer takes its place. */
  readonly before?: (request: Request) => Response | undefined
}

async function world({ secret = 'a secret', before, ...login }: Options = {}) {
  const provider = await startPageProvider({
    redirectUri: `${PANEL}/session/callback/staff`,
    postLogoutRedirectUri: `${PANEL}/login`,
    clientSecret: secret,
    isPushed: true,
  })
  onTestFinished(() => provider.close())
  const clock = fakeClock()
  const store = memoryServerStore({ clock })
  const notices: ServerNotice[] = []
  const sent: string[] = []
  const answered: string[] = []
  function serve() {
    return createSessionServer({
      publicUrl: PANEL,
      secrets: [SECRET],
      logins: {
        staff: oauthLogin({
          server: provider.issuer,
          clientId: 'panel',
          clientAuth: ClientSecretBasic(secret),
          scope: 'openid profile email offline_access',
          ...login,
        }),
      },
      api: { '/api/': { target: 'https://api.example/' } },
      store,
      clock,
      observe: (notice) => notices.push(notice),
      async fetch(input, init) {
        const request = new Request(input, init)
        sent.push(new URL(request.url).pathname)
        const answer = before?.(request) ?? (await globalThis.fetch(request))
        answered.push(new URL(request.url).pathname)
        return answer
      },
    })
  }
  let server = serve()
  const page = browser((request) => server.handle(request), PANEL)
  const restart = () => {
    server = serve()
  }
  return { page, notices, sent, answered, clock, restart }
}

describe('a slow provider', () => {
  test('L50: ten seconds for each answer: the login works, and its callback needs no discovery', async () => {
    const slow: { clock?: ReturnType<typeof fakeClock> } = {}
    const { page, sent, clock } = await world({
      userinfo,
      before: () => void slow.clock?.advance(10_000),
    })
    slow.clock = clock
    const callback = await page.elsewhere(await page.begun({ loginHint: 'ada' }), 'ada')
    expect(sent).toContain(WELL_KNOWN)
    sent.length = 0
    expect((await page.navigate(callback.href)).url.pathname).toBe('/')
    expect(sent).toHaveLength(2)
    expect(sent).not.toContain(WELL_KNOWN)
    expect((await page.get('/session/')).status).toBe(200)
  })

  test('L50: also in a process that has not seen the provider yet: each step has a patience of its own', async () => {
    const slow: { clock?: ReturnType<typeof fakeClock> } = {}
    const { page, answered, clock, restart } = await world({
      userinfo,
      before: () => void slow.clock?.advance(10_000),
    })
    slow.clock = clock
    const callback = await page.elsewhere(await page.begun({ loginHint: 'ada' }), 'ada')
    restart()
    answered.length = 0
    expect((await page.navigate(callback.href)).url.search).toBe('')
    expect(answered).toHaveLength(3)
    expect((await page.get('/session/')).status).toBe(200)
  })
})

describe('the secret of a client', () => {
  test.each([
    ['by Basic', ClientSecretBasic],
    ['in the body', ClientSecretPost],
  ])('L51: of every character of ASCII, %s', async (_, auth) => {
    const { page } = await world({ secret: ASCII, clientAuth: auth(ASCII) })
    await page.openid({ loginHint: 'ada' }, 'ada')
    expect((await page.get('/session/')).status).toBe(200)
  })

  test('L51: a provider that does not decode it: the notice says what to do, and no secret', async () => {
    const secret = 'p+s/w%rd: x'
    const { page, notices } = await world({
      secret,
      before: ({ url, method }) =>
        method === 'POST' && url.endsWith('/token')
          ? Response.json({ error: 'invalid_client' }, { status: 401 })
          : undefined,
    })
    const { url } = await page.openid({ loginHint: 'ada' }, 'ada')
    expect(url.search).toBe('?error=invalid_client')
    const refused = notices.find(({ type }) => type === 'loginRefused')
    expect(refused).toMatchObject({
      code: 'invalid_client',
      problem: expect.stringContaining('ClientSecretPost'),
    })
    for (const text of [secret, encodeURIComponent(secret)])
      expect(JSON.stringify(notices)).not.toContain(text)
  })

  test.each([
    ['plain', 'compare `clientId` and `clientAuth`'],
    ['p+s/w%rd: x', 'ClientSecretPost'],
  ])(
    'L51: a wrong secret, "%s", is told when a login begins, where requests are pushed',
    async (secret, problem) => {
      const said = vi.spyOn(console, 'error').mockImplementation(() => {})
      onTestFinished(() => said.mockRestore())
      const { page, notices } = await world({ clientAuth: ClientSecretBasic(secret) })
      const answer = await page.post('/session/login/start', {})
      expect([answer.status, await answer.json()]).toMatchObject([503, { error: 'misconfigured' }])
      expect(notices).toContainEqual({ type: 'loginRefused', status: 503, code: 'misconfigured' })
      expect(said.mock.calls.join()).toContain(problem)
      expect(said.mock.calls.join()).not.toContain(secret)
      const { logins } = (await (await page.get('/session/logins')).json()) as { logins: object[] }
      expect(logins).toMatchObject([{ name: 'staff', works: false }])
    },
  )

  test.each([
    ['unauthorized_client', 'Standard flow'],
    ['invalid_scope', '`scope`'],
  ])(
    'a client that the provider refuses with %s: the notice says what to compare',
    async (error, compare) => {
      const issuer = 'https://id.example'
      const login = oauthLogin({
        server: {
          issuer,
          authorization_endpoint: `${issuer}/authorize`,
          token_endpoint: `${issuer}/token`,
        },
        clientId: 'panel',
      })(loginHost('staff'))
      const request = new Request(`https://admin.example/session/callback/staff?error=${error}&state=s`)
      const attempt = { state: 's', verifier: 'v', nonce: 'n', beganAt: 0 }
      expect(await login.callback?.({ request }, attempt)).toEqual({
        refused: { status: 401, code: error, problem: expect.stringContaining(compare) },
      })
    },
  )

  test('L51: a plain secret is not blamed', async () => {
    const { page, notices } = await world({
      before: ({ url, method }) =>
        method === 'POST' && url.endsWith('/token')
          ? Response.json({ error: 'invalid_client' }, { status: 401 })
          : undefined,
      secret: 'plain',
    })
    await page.openid({ loginHint: 'ada' }, 'ada')
    const refused = notices.find(({ type }) => type === 'loginRefused')
    expect(refused).toEqual({ type: 'loginRefused', status: 302, code: 'invalid_client' })
  })
})
