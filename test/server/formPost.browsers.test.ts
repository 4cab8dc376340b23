import type { RequestListener } from 'node:http'
import { ClientSecretBasic } from 'oauth4webapi'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { toNodeListener } from 'xstate-session/node'
import { oauthLogin } from 'xstate-session/oauth-login'
import { createSessionServer } from 'xstate-session/server'
import { startPageProvider } from '../../examples/embed/provider.ts'
import { engines } from '../browser/engines/all.ts'
import type { Engine } from '../browser/engines/engine.ts'
import { onPort } from './onPort.ts'
import { SECRET } from './world.ts'

const clientSecret = 'the secret of a confidential client'

/** A panel on `localhost`, and a provider on `127.0.0.1`, which browsers take for another site. */
async function panel() {
  let handle: RequestListener = () => {}
  const posts: (string | undefined)[] = []
  const { port } = await onPort((request, response) => {
    if (request.method === 'POST' && request.url?.startsWith('/session/callback/'))
      posts.push(request.headers.cookie)
    if (!request.url?.startsWith('/session/'))
      return response.setHeader('content-type', 'text/html').end('<!doctype html><title>panel</title>')
    return handle(request, response)
  })
  const publicUrl = `http://localhost:${port}/`
  const provider = await startPageProvider({
    redirectUri: `${publicUrl}session/callback/staff`,
    postLogoutRedirectUri: publicUrl,
    clientSecret,
  })
  onTestFinished(() => provider.close())
  const server = createSessionServer({
    publicUrl,
    secrets: [SECRET],
    logins: {
      staff: oauthLogin({
        server: provider.issuer,
        clientId: 'panel',
        clientAuth: ClientSecretBasic(clientSecret),
        responseMode: 'form_post',
      }),
    },
    observe: () => {},
  })
  handle = toNodeListener(server.handle, { origin: new URL(publicUrl).origin })
  return { publicUrl, posts, issuer: provider.issuer }
}

describe.each(engines)('in %s', (_, start) => {
  let engine: Engine
  beforeAll(async () => {
    engine = await start()
  }, 60_000)
  afterAll(() => engine?.close())

  test('L20: a provider of another site posts its answer: the session begins, and the way back is known', async () => {
    const { publicUrl, posts, issuer } = await panel()
    expect(new URL(issuer).hostname).not.toBe('localhost')
    const profile = await engine.open()
    onTestFinished(() => profile.close())
    const page = await profile.page()
    await page.goto(publicUrl)
    const address = await page.evaluate(async () => {
      const answer = await fetch('/session/login/start', {
        method: 'POST',
        headers: { 'x-csrf': '1', 'content-type': 'application/json' },
        body: JSON.stringify({ returnTo: '/users?q=1', loginHint: 'ada' }),
      })
      return ((await answer.json()) as { location: string }).location
    })
    await page.goto(address)
    await expect
      .poll(() => page.evaluate(() => location.pathname + location.search).catch(() => ''))
      .toBe('/users?q=1')
    const facts = await page.evaluate(async () => (await fetch('/session/')).json())
    expect(facts).toMatchObject({ user: { id: 'ada' } })
    // The form came without the cookies of the attempt.
    expect(posts).toEqual([undefined])
  })
})
