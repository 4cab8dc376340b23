import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { describe, expect, test } from 'vitest'
import { backChannelLogout } from 'xstate-session/backchannel'
import {
  createSessionServer,
  memoryServerStore,
  type RunningLogin,
  type ServerLogin,
  type ServerNotice,
  type ServerStore,
  type SessionServerOptions,
} from 'xstate-session/server'
import { browser } from './browser.ts'
import { movableClock, PANEL, SECRET } from './world.ts'

const EVENT = 'http://schemas.openid.net/event/backchannel-logout'
const { privateKey, publicKey } = await generateKeyPair('ES256')
const keyOf = async (kid: string) => ({ ...(await exportJWK(publicKey)), alg: 'ES256', kid })
const ISSUER = { one: 'https://one.example', two: 'https://two.example' } as const

/** Two providers with the same keys, each with a login; what a login is granted says its form. */
async function world(more: Partial<SessionServerOptions> & { readonly kept?: ServerStore } = {}) {
  const { kept, ...options } = more
  const clock = movableClock()
  /** What the providers' keys are at the moment; `undefined`: they are away. */
  const keys: { kids: string[] | undefined; asked: number } = { kids: ['k'], asked: 0 }
  const revoked: (string | undefined)[] = []
  /** Called between the tokens of a login and its session, and between those of a renewal and its record. */
  const between = { login: async () => {}, renewal: async () => {} }
  const notices: ServerNotice[] = []
  const part =
    (name: keyof typeof ISSUER): ServerLogin =>
    () => {
      const strategy: RunningLogin['strategies'][string] = {
        needsRefreshToken: true,
        async refresh({ refreshToken }) {
          await between.renewal()
          return { kind: 'ok', bearer: 'next', refreshToken: `${refreshToken}+`, life: { expiresIn: 60 } }
        },
        async revoke({ refreshToken }) {
          revoked.push(refreshToken)
          return true
        },
      }
      return {
        identity: ISSUER[name],
        apiUrl: `${ISSUER[name]}/`,
        issuer: ISSUER[name],
        bringsSid: true,
        strategies: { own: strategy },
        async submit(_, { user = 'ada', sub, sid, issuedAt }) {
          await between.login()
          const said = { ...(sub ? { sub } : {}), ...(sid ? { sid } : {}), ...(issuedAt ? { issuedAt } : {}) }
          const answer = {
            token: 'bearer',
            refreshToken: `${name} ${user}`,
            user: { id: user },
            expiresIn: 60,
          }
          return { done: { answer, strategy: 'own', ...(said as object) } }
        },
        backChannel: backChannelLogout({
          issuer: ISSUER[name],
          clientId: 'panel',
          jwks: new URL(`${ISSUER[name]}/jwks`),
          clock,
          fetch: async () => {
            keys.asked++
            if (!keys.kids) throw new TypeError('away')
            return Response.json({ keys: await Promise.all(keys.kids.map(keyOf)) })
          },
        }),
      }
    }
  const server = createSessionServer({
    publicUrl: PANEL,
    secrets: [SECRET],
    logins: { one: part('one'), two: part('two') },
    api: { '/api/': { target: 'https://api.example/', logins: ['one', 'two'] } },
    store: kept ?? memoryServerStore({ clock }),
    clock,
    fetch: async () => Response.json({}),
    observe: (notice) => notices.push(notice),
    ...options,
  })
  async function login(form: object) {
    const page = browser((request) => server.handle(request), `${options.publicUrl ?? PANEL}`)
    const answer = await page.post('/session/login', { via: 'one', ...form })
    return { page, answer, status: async () => (await page.get('/session/')).status }
  }
  const seconds = () => Math.floor(clock.wall() / 1_000)
  const token = (claims: object, kid = 'k') =>
    new SignJWT({
      iss: ISSUER.one,
      aud: 'panel',
      iat: seconds(),
      exp: seconds() + 60,
      jti: crypto.randomUUID(),
      events: { [EVENT]: {} },
      ...claims,
    })
      .setProtectedHeader({ alg: 'ES256', kid })
      .sign(privateKey)
  const send = async (logoutToken: string, headers: Record<string, string> = {}) =>
    server.handle(
      new Request(`${PANEL}/session/backchannel-logout`, {
        method: 'POST',
        body: new URLSearchParams({ logout_token: logoutToken }),
        headers,
      }),
    )
  const logout = async (claims: object, kid?: string) => (await send(await token(claims, kid))).status
  return { server, clock, keys, revoked, between, notices, login, logout, token, send, seconds }
}

describe('back-channel logout', () => {
  test('L45: without cookie and origin, with a foreign one too, a logout of the provider ends the session', async () => {
    const { login, token, send } = await world()
    const foreign = { origin: 'https://one.example', 'sec-fetch-site': 'cross-site' }
    for (const headers of [{}, foreign]) {
      const { status } = await login({ sub: 's' })
      expect((await send('a.b.c', headers)).status).toBe(400)
      expect((await send(`${await token({ sub: 's' })}x`, headers)).status).toBe(400)
      expect(await status()).toBe(200)
      expect((await send(await token({ sub: 's' }), headers)).status).toBe(200)
      expect(await status()).toBe(401)
    }
  })

  // Stored: the session of the logout, one of the same sub at another provider session, one without sid.
  test.each([
    [{ sub: 's', sid: 'a' }, [401, 200, 200]],
    [{ sid: 'a' }, [401, 200, 200]],
    [{ sub: 's', sid: 'unknown' }, [200, 200, 401]],
    [{ sid: 'unknown' }, [200, 200, 200]],
    [{ sub: 's' }, [401, 401, 401]],
    [{ sub: 'other' }, [200, 200, 200]],
  ])('L46: a logout of %j ends what it means, at its own provider alone', async (claims, ends) => {
    const { login, logout } = await world()
    const own = [
      await login({ sub: 's', sid: 'a' }),
      await login({ sub: 's', sid: 'b' }),
      await login({ sub: 's' }),
    ]
    const others = [await login({ via: 'two', sub: 's', sid: 'a' }), await login({ via: 'two', sub: 's' })]
    const untold = await login({})
    expect(await logout(claims)).toBe(200)
    expect(await Promise.all(own.map(({ status }) => status()))).toEqual(ends)
    expect(await Promise.all([...others, untold].map(({ status }) => status()))).toEqual([200, 200, 200])
  })

  test('U78, L46: a logout ends only what was granted before it', async () => {
    const { login, logout, seconds, clock } = await world()
    clock.pass(100_000)
    const early = await login({ sub: 's', issuedAt: (seconds() - 60) * 1_000 })
    const late = await login({ sub: 's', issuedAt: (seconds() - 20) * 1_000 })
    const now = await login({ sub: 's' })
    expect(await logout({ sub: 's', iat: seconds() - 40 })).toBe(200)
    expect([await early.status(), await late.status(), await now.status()]).toEqual([401, 200, 200])
  })

  test.each([
    [{ sub: 's', sid: 'a' }, { sub: 's', sid: 'a' }, 401],
    [{ sub: 's', sid: 'a' }, { sid: 'a' }, 401],
    [{ sub: 's', sid: 'a' }, { sub: 's' }, 401],
    [{ sub: 's' }, { sub: 's', sid: 'a' }, 401],
    [{ sub: 's', sid: 'b' }, { sub: 's', sid: 'a' }, 200],
    [{ sub: 't', sid: 'a' }, { sub: 't' }, 401],
    [{ via: 'two', sub: 's', sid: 'a' }, { sub: 's', sid: 'a' }, 200],
  ])(
    'L47: of a login of %j the logout of %j comes before its session is stored',
    async (form, claims, ends) => {
      const { login, logout, between, revoked, notices } = await world()
      between.login = async () => void (await logout(claims))
      const { answer, status } = await login(form)
      expect(answer.status).toBe(ends)
      expect(await status()).toBe(ends)
      if (ends === 200) return
      expect(await answer.json()).toEqual({ error: 'ended_by_provider' })
      expect(revoked).toEqual(['one ada'])
      expect(notices).toContainEqual({ type: 'loginRefused', status: 401, code: 'ended_by_provider' })
    },
  )

  test('L47: while a secret is rotated, whichever process is told, and whichever writes the session', async () => {
    const [old, next] = [SECRET, 'the next secret, long enough for a test of this']
    for (const [told, writes] of [
      [
        [next, old],
        [old, next],
      ],
      [
        [old, next],
        [next, old],
      ],
    ] as const) {
      const kept = memoryServerStore()
      const { logout } = await world({ kept, secrets: told })
      const { login, between, revoked } = await world({ kept, secrets: writes })
      between.login = async () => void (await logout({ sub: 's', sid: 'a' }))
      expect((await login({ sub: 's', sid: 'a' })).answer.status).toBe(401)
      expect(revoked).toEqual(['one ada'])
    }
  })

  test('L46: a logout ends nothing of another panel with the same store and secret', async () => {
    const kept = memoryServerStore()
    const { logout } = await world({ kept })
    const { login } = await world({ kept, publicUrl: 'https://other.example' })
    const { status } = await login({ sub: 's' })
    expect(await logout({ sub: 's' })).toBe(200)
    expect(await status()).toBe(200)
  })

  test('L47: whoever logs in anew after it, gets in', async () => {
    const { login, logout, clock } = await world()
    expect(await logout({ sub: 's', sid: 'a' })).toBe(200)
    clock.pass(1_000)
    expect(await (await login({ sub: 's', sid: 'b' })).status()).toBe(200)
    expect(await (await login({ sub: 's' })).status()).toBe(200)
  })

  test('L47: a logout is remembered for as long as an attempt lives', async () => {
    const { login, logout, clock, seconds } = await world()
    const issuedAt = seconds() * 1_000
    expect(await logout({ sid: 'a' })).toBe(200)
    clock.pass(59 * 60_000)
    expect((await login({ sid: 'a', issuedAt })).answer.status).toBe(401)
    clock.pass(2 * 60_000)
    expect((await login({ sid: 'a', issuedAt })).answer.status).toBe(200)
  })

  test('L47: between the answer of a renewal and its record: the session is over, and the late token is revoked', async () => {
    const { login, logout, between, clock, revoked } = await world()
    const { page, status } = await login({ sub: 's', sid: 'a' })
    clock.pass(50_000)
    between.renewal = async () => void (await logout({ sid: 'a' }))
    expect((await page.get('/api/x')).status).toBe(401)
    expect(await status()).toBe(401)
    await expect.poll(() => revoked).toContain('one ada+')
  })

  test('L48: with the keys at hand a logout works while the provider is away, also after they are old', async () => {
    const { login, logout, keys, clock } = await world()
    expect(await logout({ sub: 'nobody' })).toBe(200)
    keys.kids = undefined
    for (const ms of [0, 3_600_000]) {
      clock.pass(ms)
      const { status } = await login({ sub: 's' })
      expect(await logout({ sub: 's' })).toBe(200)
      expect(await status()).toBe(401)
    }
  })

  test('L48: without any keys a logout is not judged, and works when it comes again', async () => {
    const { login, token, send, keys, notices } = await world()
    const { status } = await login({ sub: 's' })
    keys.kids = undefined
    const logoutToken = await token({ sub: 's' })
    const answer = await send(logoutToken)
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '30'])
    expect(notices).toContainEqual({ type: 'providerLogoutFailed', via: 'one', cause: 'keys' })
    expect(notices.filter(({ type }) => type === 'turnedAway')).toEqual([])
    expect(await status()).toBe(200)
    keys.kids = ['k']
    expect((await send(logoutToken)).status).toBe(200)
    expect(await status()).toBe(401)
  })

  test('L68: a provider that shows no keys at all has not changed them', async () => {
    const { login, logout, keys, clock } = await world()
    keys.kids = []
    expect(await logout({ sub: 'nobody' })).toBe(503)
    keys.kids = ['k']
    expect(await logout({ sub: 'nobody' })).toBe(200)
    keys.kids = []
    clock.pass(3_600_000)
    const { status } = await login({ sub: 's' })
    expect(await logout({ sub: 's' })).toBe(200)
    expect(await status()).toBe(401)
  })

  test('L28, L48: a key that is new is asked for once in half a minute, and the old ones stay while that fails', async () => {
    const { login, logout, keys, clock } = await world()
    expect(await logout({ sub: 'nobody' })).toBe(200)
    keys.kids = ['k2']
    const { status } = await login({ sub: 's' })
    clock.pass(31_000)
    keys.asked = 0
    expect(await logout({ sub: 's' }, 'k2')).toBe(200)
    expect(await status()).toBe(401)
    for (let n = 0; n < 1_000; n++) expect(await logout({ sub: 's' }, `x${n}`)).toBe(400)
    // One for each of the two logins.
    expect(keys.asked).toBeLessThanOrEqual(2)
    keys.kids = undefined
    clock.pass(31_000)
    expect(await logout({ sub: 's' }, 'k3')).toBe(503)
    expect(await logout({ sub: 's' }, 'k2')).toBe(200)
  })
})
