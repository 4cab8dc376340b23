import { expect, test } from 'vitest'
import { librechatLogin } from 'xstate-session/librechat-login'
import { oauthLogin } from 'xstate-session/oauth-login'
import { createSessionServer } from 'xstate-session/server'
import { runSample } from './samples.ts'

const PUBLIC = 'https://admin.example.com'

test('L63: a service worker leaves every route of a login to the server, and the application’s own to the application', async () => {
  const { navigateFallbackDenylist } = await runSample<{ navigateFallbackDenylist: RegExp[] }>(
    'docs/server-logins.md',
    'navigateFallbackDenylist = ',
  )
  /** As Workbox does: path and query of a navigation. */
  const isLeftAlone = (path: string) => navigateFallbackDenylist.some((pattern) => pattern.test(path))
  const server = createSessionServer({
    publicUrl: PUBLIC,
    secrets: ['a secret of at least thirty-two characters'],
    logins: {
      staff: oauthLogin({ server: 'https://id.example.com', clientId: 'panel' }),
      librechat: librechatLogin({ baseUrl: 'http://127.0.0.1:9', google: true }),
    },
    api: { '/api/admin/': { logins: ['librechat'], methods: ['GET'] } },
    fetch: async () => new Response(null, { status: 503 }),
    observe: () => {},
  })
  const navigation = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', accept: 'text/html' }
  const routes = [
    '/session/',
    '/session/logins',
    '/session/login/start?via=staff',
    '/session/callback/staff?code=c&state=s',
    '/session/logout/provider',
    '/auth/openid/callback?code=c',
    '/auth/google/callback?code=c',
    '/api/admin/users',
  ]
  for (const route of routes) {
    const answer = await server.handle(new Request(PUBLIC + route, { headers: navigation }))
    const cached = answer.headers.get('cache-control')
    expect([route, isLeftAlone(route), cached]).toEqual([route, true, 'no-store'])
  }
  for (const route of [
    '/',
    '/users',
    '/sessions',
    '/callback?code=c',
    '/authors/openid',
    '/auth/openid/callbacks',
  ])
    expect([route, isLeftAlone(route)]).toEqual([route, false])
})
