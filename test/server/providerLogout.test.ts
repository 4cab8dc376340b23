import { ClientSecretBasic } from 'oauth4webapi'
import { expect, onTestFinished, test } from 'vitest'
import { backChannelLogout } from 'xstate-session/backchannel'
import { toNodeListener } from 'xstate-session/node'
import { oauthLogin } from 'xstate-session/oauth-login'
import { createSessionServer, type SessionServer } from 'xstate-session/server'
import { startPageProvider } from '../../examples/embed/provider.ts'
import { browser } from './browser.ts'
import { onPort } from './onPort.ts'
import { PANEL, SECRET } from './world.ts'

const CLIENT_SECRET = 'the secret of a client'

/** A browser at the provider, whose session there outlives a login. */
function atProvider() {
  const jar = new Map<string, string>()
  /** Follows redirects to the panel, or to a page; resolves to where it ends and to the page. */
  return async (start: string, init: RequestInit = {}) => {
    let url = new URL(start)
    let next = init
    for (let hops = 0; hops < 20 && url.origin !== PANEL; hops++) {
      const cookie = [...jar].map((pair) => pair.join('=')).join('; ')
      const answer = await fetch(url, { ...next, redirect: 'manual', headers: { ...next.headers, cookie } })
      next = {}
      for (const line of answer.headers.getSetCookie()) {
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
        if (value === '') jar.delete(name)
        else jar.set(name, value)
      }
      const location = answer.headers.get('location')
      if (location === null) return { url, html: await answer.text() }
      url = new URL(location, url)
    }
    return { url, html: '' }
  }
}

test('L45, L46: a real provider ends the session that its user leaves, and no other of them', async () => {
  let panel: SessionServer | undefined
  const hook = await onPort((request, response) =>
    toNodeListener((asked) => (panel as SessionServer).handle(asked), { origin: PANEL })(request, response),
  )
  const provider = await startPageProvider({
    redirectUri: `${PANEL}/session/callback/staff`,
    postLogoutRedirectUri: `${PANEL}/login`,
    clientSecret: CLIENT_SECRET,
    backchannelLogoutUri: `${PANEL}/session/backchannel-logout`,
    // Without the provider's own guard against addresses of this machine.
    fetch: (uri, { method = 'GET', headers = {}, body = null } = {}) =>
      fetch(new URL(new URL(String(uri)).pathname, hook.url), { method, headers, body }),
  })
  onTestFinished(() => provider.close())
  const server = createSessionServer({
    publicUrl: PANEL,
    secrets: [SECRET],
    logins: {
      staff: oauthLogin({
        server: provider.issuer,
        clientId: 'panel',
        clientAuth: ClientSecretBasic(CLIENT_SECRET),
        scope: 'openid offline_access',
        backChannelLogout: backChannelLogout({
          issuer: provider.issuer,
          clientId: 'panel',
          jwks: new URL(`${provider.issuer}/jwks`),
        }),
      }),
    },
    api: { '/api/': { target: 'https://api.example/' } },
  })
  panel = server

  async function login(account: string) {
    const page = browser((request) => server.handle(request), PANEL)
    const go = atProvider()
    const begun = new URL(await page.begun())
    begun.searchParams.set('login_hint', account)
    await page.navigate((await go(begun.href)).url.href)
    const status = async () => (await page.get('/session/')).status
    expect(await status()).toBe(200)
    return { go, status }
  }

  const [leaving, elsewhere, other] = [await login('ada'), await login('ada'), await login('bob')]
  const { html } = await leaving.go(`${provider.issuer}/session/end`)
  const [, xsrf = ''] = /name="xsrf" value="([^"]+)"/.exec(html) ?? []
  await leaving.go(`${provider.issuer}/session/end/confirm`, {
    method: 'POST',
    body: new URLSearchParams({ xsrf, logout: 'yes' }),
  })
  expect([await leaving.status(), await elsewhere.status(), await other.status()]).toEqual([401, 200, 200])
})

test('U78: a login takes no logouts of another issuer', () => {
  const make = (issuer: string) =>
    createSessionServer({
      publicUrl: PANEL,
      secrets: [SECRET],
      logins: {
        staff: oauthLogin({
          server: 'https://id.example/realm',
          clientId: 'panel',
          backChannelLogout: backChannelLogout({
            issuer,
            clientId: 'panel',
            jwks: new URL(`${issuer}/jwks`),
          }),
        }),
      },
      api: { '/api/': { target: 'https://api.example/' } },
    })
  expect(() => make('https://id.example/other')).toThrow(
    /`issuer` of `backChannelLogout` must be that of `server`/,
  )
  expect(() => make('https://id.example/realm')).not.toThrow()
})
