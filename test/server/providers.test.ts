import { UnsecuredJWT } from 'jose'
import { ClientSecretPost } from 'oauth4webapi'
import { describe, expect, onTestFinished, test } from 'vitest'
import { oauthProfiles } from 'xstate-session/oauth'
import { type OauthLoginOptions, oauthLogin } from 'xstate-session/oauth-login'
import { createSessionServer, type ServerNotice } from 'xstate-session/server'
import { startPageProvider } from '../../examples/embed/provider.ts'
import { browser } from './browser.ts'
import { movableClock, PANEL, SECRET } from './world.ts'

const CALLBACK = '/session/callback/staff'
const GOOGLE = 'https://accounts.google.com'

function serve(login: OauthLoginOptions, fetch: typeof globalThis.fetch) {
  const notices: ServerNotice[] = []
  const clock = movableClock()
  const server = createSessionServer({
    publicUrl: PANEL,
    secrets: [SECRET],
    logins: { staff: oauthLogin(login) },
    clock,
    fetch,
    observe: (notice) => notices.push(notice),
  })
  return { clock, notices, server, page: browser((request) => server.handle(request), PANEL) }
}

describe('L34: Google gives a refresh token after a consent alone', () => {
  /** Google, as far as that goes: a code names what its login asked for. */
  function google() {
    const refreshes: string[] = []
    let nonce = ''
    const fetch = async (input: string | URL | Request, init?: RequestInit) => {
      const request = new Request(input, init)
      if (request.url.endsWith('/openid-configuration'))
        return Response.json({
          issuer: GOOGLE,
          authorization_endpoint: `${GOOGLE}/o/oauth2/v2/auth`,
          token_endpoint: 'https://oauth2.googleapis.com/token',
        })
      const form = new URLSearchParams(await request.text())
      const now = Math.floor(Date.now() / 1000)
      const tokens = { access_token: 'B', token_type: 'Bearer', expires_in: 300 }
      if (form.get('grant_type') === 'refresh_token') {
        refreshes.push(`${form.get('refresh_token')}`)
        return Response.json(tokens)
      }
      const claims = { iss: GOOGLE, aud: 'panel', sub: 'ada', iat: now, exp: now + 3_600, nonce }
      const [head, body] = new UnsecuredJWT(claims).encode().split('.')
      const id_token = `${head && btoa('{"alg":"RS256"}')}.${body}.c2ln`
      const asked = new URLSearchParams(`${form.get('code')}`)
      const isOffline = asked.get('access_type') === 'offline' && /consent/.test(`${asked.get('prompt')}`)
      return Response.json({ ...tokens, id_token, ...(isOffline && { refresh_token: 'R' }) })
    }
    return {
      refreshes,
      fetch: fetch as typeof globalThis.fetch,
      /** What Google's page sends back, to a login that went there. */
      back(location: string) {
        const { searchParams } = new URL(location)
        nonce = `${searchParams.get('nonce')}`
        const code = new URLSearchParams(searchParams).toString()
        return `${CALLBACK}?${new URLSearchParams({ code, state: `${searchParams.get('state')}` })}`
      },
    }
  }
  const login = { server: GOOGLE, clientId: 'panel', clientAuth: ClientSecretPost('secret') }

  test('each login asks for it, and brings one; renewals keep it', async () => {
    const { fetch, back, refreshes } = google()
    const { page, clock } = serve({ ...oauthProfiles.google, ...login }, fetch)
    for (let times = 1; times <= 2; times++) {
      const location = await page.begun()
      expect(new URL(location).searchParams.get('access_type')).toBe('offline')
      await page.navigate(back(location))
      clock.pass(290_000)
      expect((await page.post('/session/refresh')).status).toBe(200)
      clock.pass(290_000)
      expect((await page.post('/session/refresh')).status).toBe(200)
      expect(refreshes).toEqual(Array(2 * times).fill('R'))
      await page.post('/session/logout')
    }
  })

  test('the prompt of a login goes along with it', async () => {
    const { fetch } = google()
    const { page } = serve({ ...oauthProfiles.google, ...login }, fetch)
    const promptOf = async (prompt: string) =>
      new URL(await page.begun({ prompt })).searchParams.get('prompt')
    expect(await promptOf('select_account')).toBe('consent select_account')
    expect(await promptOf('none')).toBe('none')
  })

  test('without it the session is a short one: no renewal is tried, and it says why it ends', async () => {
    const { fetch, back, refreshes } = google()
    const { page, clock } = serve(login, fetch)
    await page.navigate(back(await page.begun()))
    expect((await page.get('/session/')).status).toBe(200)
    clock.pass(300_000)
    const answer = await page.post('/session/refresh')
    expect(await answer.json()).toMatchObject({ error: 'no_session', reason: 'notRefreshable' })
    expect(refreshes).toEqual([])
  })
})

describe('L20: a provider that posts its answer', () => {
  async function world() {
    const clientSecret = 'the secret of a confidential client'
    const provider = await startPageProvider({
      redirectUri: `${PANEL}${CALLBACK}`,
      postLogoutRedirectUri: `${PANEL}/login`,
      clientSecret,
    })
    onTestFinished(() => provider.close())
    const { ClientSecretBasic } = await import('oauth4webapi')
    const login = {
      server: provider.issuer,
      clientId: 'panel',
      clientAuth: ClientSecretBasic(clientSecret),
      responseMode: 'form_post',
    } as const
    return { provider, ...serve(login, globalThis.fetch) }
  }

  /** As the provider's page sends it: from another site, which gets no cookie of ours along. */
  const posted = (body: Record<string, string>) => ({
    method: 'POST',
    body: new URLSearchParams(body),
    headers: {
      origin: 'https://appleid.apple.com',
      'sec-fetch-site': 'cross-site',
      'sec-fetch-dest': 'document',
    },
  })

  test('is asked to; the window goes on to the callback with its cookies, and with what a callback needs', async () => {
    const { page, server } = await world()
    const location = new URL(await page.begun({ returnTo: '/users' }))
    expect(location.searchParams.get('response_mode')).toBe('form_post')
    const state = `${location.searchParams.get('state')}`
    const body = { state, code: 'c', iss: 'https://id.example', user: '{"name":"Ada"}', id_token: 'secret' }
    const answer = await server.handle(new Request(PANEL + CALLBACK, posted(body)))
    expect([answer.status, answer.headers.get('location')]).toEqual([
      303,
      `${CALLBACK}?${new URLSearchParams({ code: 'c', state, iss: 'https://id.example' })}`,
    ])
    expect(answer.headers.getSetCookie()).toEqual([])
    const refusal = await server.handle(
      new Request(PANEL + CALLBACK, posted({ state, error: 'access_denied' })),
    )
    const { url } = await page.navigate(`${refusal.headers.get('location')}`)
    expect(url.search).toBe('?error=access_denied')
  })

  test('a body that is too long, and a login whose provider does not post', async () => {
    const { server } = await world()
    const long = posted({ code: 'c'.repeat(10_000) })
    expect((await server.handle(new Request(PANEL + CALLBACK, long))).status).toBe(400)
    const { server: other } = serve({ server: GOOGLE, clientId: 'panel' }, globalThis.fetch)
    expect((await other.handle(new Request(PANEL + CALLBACK, posted({ code: 'c' })))).status).toBe(404)
  })
})
