import { describe, expect, test, vi } from 'vitest'
import { librechatLogin } from 'xstate-session/librechat-login'
import {
  createSessionServer,
  memoryServerStore,
  type RunningLogin,
  type ServerLogin,
  type SessionServerOptions,
} from 'xstate-session/server'
import * as z from 'zod'
import type { RefreshOutcome } from '../../src/session/strategy.ts'
import { browser } from './browser.ts'
import { movableClock, PANEL, SECRET } from './world.ts'

const TOKEN = 'bearer'

/** A login of one's own: everybody's password is right. */
const passwords =
  (more: Partial<RunningLogin> & { readonly refresh?: () => Promise<RefreshOutcome> } = {}): ServerLogin =>
  ({ name }) => ({
    identity: `https://${name}.example`,
    apiUrl: `https://${name}.example/`,
    strategies: {
      own: {
        needsRefreshToken: true,
        refresh: more.refresh ?? (async () => ({ kind: 'refused', cause: 'unavailable' })),
      },
    },
    submit: async (_, { user }) => ({
      done: {
        answer: { token: TOKEN, refreshToken: 'r', user: user as object, expiresIn: 60 },
        strategy: 'own',
        sub: 'sub',
      },
    }),
    ...more,
  })

function serve(logins: Readonly<Record<string, ServerLogin>>, more: Partial<SessionServerOptions> = {}) {
  const clock = movableClock()
  const server = createSessionServer({
    publicUrl: PANEL,
    secrets: [SECRET],
    api: { '/api/': { target: 'https://api.example/', logins: Object.keys(logins) } },
    clock,
    patienceMs: 25,
    fetch: async () => Response.json({}),
    ...more,
    logins,
  })
  const open = () => browser((request) => server.handle(request), PANEL)
  return { server, clock, open }
}

describe('logins as parts', () => {
  test('what a login keeps of an attempt and no cookie holds is refused, and stops nothing', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => {})
    const begin: RunningLogin['begin'] = async () => ({
      location: new URL('https://op.example'),
      keep: 'x'.repeat(5_000),
    })
    const { open } = serve({ big: passwords({ begin, callbackPaths: ['/cb'] }) })
    const answer = await open().post('/session/login/start', {})
    expect([answer.status, await answer.json()]).toEqual([503, { error: 'misconfigured' }])
  })

  test('what a login keeps with a session is bounded', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => {})
    const submit: RunningLogin['submit'] = async () => ({
      done: { answer: { token: TOKEN, user: { id: 'ada' } }, strategy: 'own', data: 'x'.repeat(5_000) },
    })
    const { open } = serve({ big: passwords({ submit }) })
    expect((await open().post('/session/login', {})).status).toBe(503)
  })

  test('a logout of the provider ends the sessions of every login that believes it', async () => {
    const backChannel = async () => ({ ok: true, sub: 'sub', issuedAt: Date.now() }) as const
    const { server, open } = serve({ one: passwords({ backChannel }), two: passwords({ backChannel }) })
    const [first, second] = [open(), open()]
    await first.post('/session/login', { via: 'one', user: { id: 'ada' } })
    await second.post('/session/login', { via: 'two', user: { id: 'ada' } })
    const answer = await server.handle(new Request(`${PANEL}/session/backchannel-logout`, { method: 'POST' }))
    expect(answer.status).toBe(200)
    expect([(await first.get('/session/')).status, (await second.get('/session/')).status]).toEqual([
      401, 401,
    ])
  })

  test('a limit at one provider holds the sessions of no other login', async () => {
    const sends = { one: 0, two: 0 }
    const limited: RefreshOutcome = { kind: 'refused', cause: 'limited', retryAfterMs: 120_000 }
    const renewed: RefreshOutcome = { kind: 'ok', bearer: 'next', life: { expiresIn: 60 } }
    const refresh = (name: keyof typeof sends, outcome: RefreshOutcome) => async () => {
      sends[name]++
      return outcome
    }
    const { open, clock } = serve({
      one: passwords({ refresh: refresh('one', limited) }),
      two: passwords({ refresh: refresh('two', renewed) }),
    })
    const [first, second] = [open(), open()]
    await first.post('/session/login', { via: 'one', user: { id: 'ada' } })
    await second.post('/session/login', { via: 'two', user: { id: 'ada' } })
    clock.pass(61_000)
    expect((await first.get('/api/x')).status).toBe(503)
    expect((await second.get('/api/x')).status).toBe(200)
    expect(sends).toEqual({ one: 1, two: 1 })
  })

  test('with sealed cookies, which hold part of a user, the login alone decides who may in', async () => {
    const groups = Array.from({ length: 900 }, (_, n) => `a group with a name ${n}`)
    const submit: RunningLogin['submit'] = async (_, { id }) => ({
      done: {
        answer: { token: TOKEN, user: { id, ...(id === 'ada' && { groups }) } },
        strategy: 'own',
      },
    })
    const { open } = serve(
      { one: passwords({ submit }) },
      {
        sealedCookies: true,
        user: z.looseObject({ id: z.string() }) as never,
        admit: (_, { claims }) => Array.isArray(claims.groups),
      },
    )
    const page = open()
    expect((await page.post('/session/login', { id: 'ada' })).status).toBe(200)
    expect((await page.get('/session/')).status).toBe(200)
    expect((await open().post('/session/login', { id: 'bob' })).status).toBe(403)
  })

  test('the longest prefix of the API counts', async () => {
    const asked: string[] = []
    const { open } = serve(
      { one: passwords(), two: passwords() },
      {
        api: {
          '/api/': { target: 'https://one.example/', logins: ['one'] },
          '/api/admin/': { target: 'https://two.example/', logins: ['two'] },
        },
        fetch: async (input) => {
          asked.push(input instanceof Request ? input.url : String(input))
          return Response.json({})
        },
      },
    )
    const page = open()
    await page.post('/session/login', { via: 'two', user: { id: 'ada' } })
    expect((await page.get('/api/admin/x')).status).toBe(200)
    expect((await page.get('/api/x')).status).toBe(403)
    expect(asked).toEqual(['https://two.example/api/admin/x'])
  })

  test('what a stranger can say by itself says nothing of whether a login works', async () => {
    const { server, open } = serve(
      { librechat: librechatLogin({ baseUrl: 'https://chat.example' }) },
      {
        api: { '/api/admin/': ['GET'] },
        fetch: async () => new Response('<h1>Bad gateway</h1>', { status: 502 }),
      },
    )
    const page = open()
    const works = async () => (await (await page.get('/session/logins')).json()).logins[0].works
    expect(await works()).toBeUndefined()
    await page.post('/session/login', { email: 'a', password: 'p' })
    expect(await works()).toBe(false)
    await server.handle(new Request(`${PANEL}/auth/openid/callback?error=auth_failed`))
    expect(await works()).toBe(false)
  })

  test('two providers may call two people the same: neither session takes the other', async () => {
    const store = memoryServerStore()
    const { open } = serve({ one: passwords(), two: passwords() }, { store })
    const page = open()
    const first = (await (await page.post('/session/login', { via: 'one', user: { id: 'ada' } })).json()) as {
      login: string
    }
    const second = (await (
      await page.post('/session/login', { via: 'two', user: { id: 'ada' } })
    ).json()) as {
      login: string
    }
    expect(second.login).not.toBe(first.login)
  })
})
