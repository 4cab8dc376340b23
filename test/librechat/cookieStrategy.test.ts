import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cookieStrategy, refreshTokenFromCookies } from '../../src/librechat/cookieStrategy.ts'
import type { RevokeRequest } from '../../src/session/strategy.ts'
import { attempt, fakeFetch, json, page, TOKEN } from '../strategies/attempt.ts'
import { jsonAnswer, rawServer } from '../wire/loopback.ts'

const server = cookieStrategy()
const browser = cookieStrategy({ browserCookies: true })
const answered = (response: () => Response, strategy = server) =>
  strategy.refresh(attempt({ fetch: fakeFetch(response).fetch }))
const unknown = (cause: string, answered = false) => ({ kind: 'unknown', cause, answered })
const rejected = { kind: 'rejected', reason: 'refreshRejected' }

/** A good answer with these `Set-Cookie` lines. */
function withCookies(...lines: string[]): Response {
  const response = json({ token: 'T2' }, { headers: { date: 'Tue, 10 Mar 2026 08:00:00 GMT' } })
  for (const line of lines) response.headers.append('set-cookie', line)
  return response
}

describe('what is sent', () => {
  test('the server form sends the token as a cookie and reads the rotated one', async () => {
    const { fetch, sent } = fakeFetch(() =>
      json(
        { token: 'T2', refreshToken: 'not from the body', user: { _id: 'u1', name: 'Ann' } },
        { headers: { 'set-cookie': 'refreshToken=R2; Path=/; HttpOnly' } },
      ),
    )
    expect(await server.refresh(attempt({ fetch, tenantId: 'acme' }))).toEqual({
      kind: 'ok',
      bearer: 'T2',
      refreshToken: 'R2',
      user: { id: 'u1', _id: 'u1', name: 'Ann' },
      life: {},
    })
    expect(sent).toHaveLength(1)
    expect(sent[0]?.url).toBe('https://chat.example/api/auth/refresh')
    expect(sent[0]?.init).toMatchObject({
      method: 'POST',
      redirect: 'manual',
      cache: 'no-store',
      credentials: 'omit',
    })
    expect(sent[0]?.init.body).toBeNull()
    expect(Object.fromEntries(sent[0]?.headers ?? [])).toEqual({
      accept: 'application/json, text/plain',
      cookie: `refreshToken=${TOKEN}`,
      'x-refresh-attempt-id': 'attempt-1',
    })
  })

  test('the browser form leaves the token to the jar, and never sees it', async () => {
    const { refreshToken: _, ...withoutToken } = attempt()
    const { fetch, sent } = fakeFetch(() => withCookies('refreshToken=R2'))
    expect(browser.needsRefreshToken).toBe(false)
    expect(await browser.refresh({ ...withoutToken, fetch })).toMatchObject({ kind: 'ok', bearer: 'T2' })
    expect(await browser.refresh(attempt({ fetch }))).not.toHaveProperty('refreshToken')
    for (const { init, headers } of sent) {
      expect(init.credentials).toBe('include')
      expect(headers.has('cookie')).toBe(false)
    }
  })

  test.each([
    ['none', undefined],
    ['an empty one', ''],
    ['one with a line break', 'R1\r\nX: 1'],
    ['one that would add a cookie', 'R1; admin=1'],
    ['one that is not Latin-1', 'R1→'],
  ])('the server form with %s sends nothing', async (_, refreshToken) => {
    const { fetch, sent } = fakeFetch(() => withCookies())
    const { refreshToken: __, ...without } = attempt({ fetch })
    const outcome = await server.refresh(refreshToken === undefined ? without : { ...without, refreshToken })
    expect(outcome).toEqual({ kind: 'rejected', reason: 'missingCredential' })
    expect(sent).toEqual([])
  })
})

describe('the refresh cookie', () => {
  test('A2 without a new cookie the old token stays', async () => {
    for (const lines of [['other=1'], []]) {
      expect(await answered(() => withCookies(...lines))).toEqual({
        kind: 'ok',
        bearer: 'T2',
        life: { serverNow: Date.UTC(2026, 2, 10, 8) },
      })
    }
  })

  test('A9 a new cookie without a bearer is kept', async () => {
    const response = () => json({}, { headers: { 'set-cookie': 'refreshToken=R2' } })
    expect(await answered(response)).toEqual({ kind: 'ok', refreshToken: 'R2', life: {} })
  })

  test.each([
    ['old, then new', ['refreshToken=OLD', 'refreshToken=NEW'], 'NEW'],
    ['new, then old', ['refreshToken=NEW', 'refreshToken=OLD'], 'OLD'],
    ['deleted, then new', ['refreshToken=; Max-Age=0', 'refreshToken=NEW'], 'NEW'],
    [
      'new, then deleted',
      ['refreshToken=NEW', 'refreshToken=; Expires=Thu, 01 Jan 1970 00:00:00 GMT'],
      'NEW',
    ],
  ])('A20 two cookies, %s: the last living one counts, with a warning', async (_, lines, refreshToken) => {
    expect(await answered(() => withCookies(...lines))).toMatchObject({
      kind: 'ok',
      refreshToken,
      warnings: ['cookieDuplicate'],
    })
  })

  test('A20 only the exact name counts, and a comma separates nothing', async () => {
    const outcome = await answered(() =>
      withCookies(
        'RefreshToken=A',
        'refreshToken2=B',
        'xrefreshToken=C',
        'x=1, refreshToken=D',
        'refreshToken',
        'refreshTokens',
        'y',
      ),
    )
    expect(outcome).toMatchObject({ kind: 'ok' })
    expect(outcome).not.toHaveProperty('refreshToken')
    expect(outcome).not.toHaveProperty('warnings')
  })

  test.each([
    ['Max-Age=0', 'refreshToken=R2; Max-Age=0'],
    ['a negative Max-Age', 'refreshToken=R2; max-age=-1; Expires=Tue, 10 Mar 2027 08:00:00 GMT'],
    ['Expires in the past', 'refreshToken=R2; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT'],
    ['Expires before the answer’s Date', 'refreshToken=R2; Expires=Tue, 10 Mar 2026 07:59:59 GMT'],
    ['Max-Age=0 among blanks', 'refreshToken=R2;Max-Age  =  0  ;Expires=Tue, 10 Mar 2027 08:00:00 GMT'],
    ['Expires before another number', 'refreshToken=R2; Version=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT'],
    ['Expires after another number', 'refreshToken=R2; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Version=1'],
    ['Expires beside no Max-Age', 'refreshToken=R2; Max-Age=60s; Expires=Thu, 01 Jan 1970 00:00:00 GMT'],
    ['Max-Age=0 after another', 'refreshToken=R2; Max-Age=60; Max-Age=0'],
    ['Expires beside a like name', 'refreshToken=R2; no-max-age=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT'],
    ['an empty value', 'refreshToken=; Path=/'],
    ['a blank value', 'refreshToken=   ; Path=/'],
  ])('A21 %s: the bearer is the last one', async (_, line) => {
    expect(await answered(() => withCookies(line))).toEqual({
      kind: 'ok',
      bearer: 'T2',
      life: { serverNow: Date.UTC(2026, 2, 10, 8) },
      final: true,
    })
  })

  test.each([
    ['refreshToken=R2; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT'],
    ['refreshToken=R2; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=60'],
    ['refreshToken=R2; Max-Age=0; Max-Age=60'],
    ['refreshToken=R2; Expires=Tue, 10 Mar 2026 08:00:01 GMT'],
    ['refreshToken=R2; Expires=whenever; Max-Age=soon'],
    ['refreshToken=R2; Created=Thu, 01 Jan 1970 00:00:00 GMT'],
    ['refreshToken=R2; no-expires=Thu, 01 Jan 1970 00:00:00 GMT; no-max-age=0'],
    ['refreshToken=R2; expires-at=Thu, 01 Jan 1970 00:00:00 GMT; max-age-ms=0; 0; Max-Age=s0'],
    ['  refreshToken  =  R2  ;HttpOnly'],
  ])('A21 %s lives', async (line) => {
    expect(await answered(() => withCookies(line))).toMatchObject({ kind: 'ok', refreshToken: 'R2' })
  })

  test('A21 without a Date only an expiry in the distant past counts', async () => {
    const line = (expires: string) =>
      json({ token: 'T2' }, { headers: { 'set-cookie': `refreshToken=R2; Expires=${expires}` } })
    expect(await answered(() => line('Tue, 10 Mar 2026 08:00:00 GMT'))).toMatchObject({ refreshToken: 'R2' })
    expect(await answered(() => line('Thu, 01 Jan 1970 00:00:00 GMT'))).toMatchObject({ final: true })
  })

  test('A22 a value goes back byte for byte', async () => {
    const printable = Array.from({ length: 0x5f }, (_, i) => String.fromCharCode(0x20 + i)).filter(
      (c) => c !== ';',
    )
    const value = fc
      .string({ unit: fc.constantFrom(...printable), minLength: 1, maxLength: 60 })
      .filter((text) => text.trim() === text)
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(value, fc.constantFrom('"q"', 'a=b==', '%2Fx%', 'a b', ',')),
        async (text) => {
          const outcome = await answered(() => withCookies(`refreshToken=${text}; Path=/`))
          expect(outcome).toMatchObject({ kind: 'ok', refreshToken: text })
          const { fetch, sent } = fakeFetch(() => withCookies())
          await server.refresh(attempt({ fetch, refreshToken: text }))
          expect(sent[0]?.headers.get('cookie')).toBe(`refreshToken=${text}`)
        },
      ),
    )
  })

  test('A22 a value goes over a real socket byte for byte', async () => {
    const value = '"s%3A=abc/+==".%41é'
    const { baseUrl, received } = await rawServer((socket) => {
      socket.end(
        Buffer.from(jsonAnswer({ token: 'T2' }, `set-cookie: refreshToken=${value}; Path=/\r\n`), 'latin1'),
      )
    })
    expect(await server.refresh(attempt({ baseUrl, refreshToken: value }))).toMatchObject({
      refreshToken: value,
    })
    expect(received[0]).toContain(`\r\ncookie: refreshToken=${value}\r\n`)
  })

  test('a login answer’s cookie is read by the same rules', () => {
    expect(refreshTokenFromCookies(withCookies('refreshToken=R1; HttpOnly').headers)).toBe('R1')
    expect(refreshTokenFromCookies(withCookies('refreshToken=; Max-Age=0').headers)).toBeUndefined()
    expect(refreshTokenFromCookies(withCookies().headers)).toBeUndefined()
  })
})

describe('what the answers mean', () => {
  test('A4 "Refresh token not provided" is a missing credential, though its status is 200', async () => {
    for (const strategy of [server, browser]) {
      expect(await answered(() => page('Refresh token not provided'), strategy)).toEqual({
        kind: 'rejected',
        reason: 'missingCredential',
      })
    }
    expect(await answered(() => page('Refresh token not provided, says a proxy'))).toEqual(unknown('content'))
  })

  test('A5 302 to /login of the same origin is a rejection', async () => {
    const to = (location: string, strategy = server, path = '/login') =>
      answered(() => page(`Found. Redirecting to ${path}`, { status: 302, headers: { location } }), strategy)
    expect(await to('/login')).toEqual(rejected)
    // A proxy has made it absolute.
    expect(await to('https://chat.example/login')).toEqual(rejected)
    expect(await to('/auth/login', cookieStrategy({ loginPath: '/auth/login' }), '/auth/login')).toEqual(
      rejected,
    )
    for (const location of [
      '/',
      '/login2',
      '/x/login',
      '//evil.example/login',
      'http://chat.example/login',
      'https://chat.example:444/login',
      'https://chat.example@evil.example/login',
      '/\\evil.example/login',
      'https://[',
    ]) {
      expect(await to(location)).toEqual(unknown('redirect'))
    }
    expect(await answered(() => new Response(null, { status: 302 }))).toEqual(unknown('redirect'))
  })

  test('A5 a redirect that a browser hides proves nothing', async () => {
    expect(await answered(() => Response.error(), browser)).toEqual(unknown('redirect'))
  })

  test('0.3.7 "Refresh token expired or not found" is definitive', async () => {
    const text = 'Refresh token expired or not found for this user'
    expect(await answered(() => page(text, { status: 401 }))).toEqual(rejected)
    expect(await answered(() => page(text, { status: 403 }))).toEqual(unknown('status'))
    expect(await answered(() => page(`<p>${text}`, { status: 401 }))).toEqual(unknown('status'))
  })

  test('0.3.7 its other sentences are the backend’s own words, and prove nothing', async () => {
    for (const text of ['Invalid refresh token', 'No session found', 'Invalid OpenID refresh token']) {
      expect(await answered(() => page(text, { status: 403 }))).toEqual(unknown('refreshFailed', true))
    }
    const coded = () => json({ code: 'OPENID_SESSION_MISSING' }, { status: 401 })
    expect(await answered(coded)).toEqual(unknown('refreshFailed', true))
  })

  test('A28 a ban page in HTML, and an empty answer, are not the backend’s word', async () => {
    for (const status of [401, 403]) {
      expect(await answered(() => page('<html>Forbidden</html>', { status }))).toEqual(unknown('status'))
      expect(await answered(() => page(' ', { status }))).toEqual(unknown('status'))
    }
  })

  test('A6 a page with status 200 proves nothing', async () => {
    expect(await answered(() => page('<html>LibreChat</html>'))).toEqual(unknown('content'))
  })

  test('A8 wrong types are not coerced', async () => {
    expect(await answered(() => json({ token: 123 }))).toEqual({ ...unknown('schema'), warnings: ['schema'] })
  })

  test('a second factor made compulsory is a step up', async () => {
    const body = { code: 'ENROL', twoFASetupRequired: true, twoFAPending: true, tempToken: 'canary' }
    expect(await answered(() => json(body))).toEqual({ kind: 'rejected', reason: 'stepUpRequired' })
  })
})

describe('A42 logout at the backend', () => {
  const revoke = async (
    overrides: Partial<RevokeRequest>,
    response: () => Response | Promise<Response> = () => json({ message: 'Logout successful' }),
    strategy = server,
  ) => {
    const { fetch, sent } = fakeFetch(response)
    const ended = await strategy.revoke?.({
      ...attempt({ fetch }),
      bearer: 'T1',
      cause: 'logout',
      ...overrides,
    })
    return { ended, sent }
  }

  test('A42 names the session by its bearer and its own refresh cookie', async () => {
    const { ended, sent } = await revoke({})
    expect(ended).toBe(true)
    expect(sent[0]?.url).toBe('https://chat.example/api/auth/logout')
    expect(sent[0]?.init).toMatchObject({ method: 'POST', redirect: 'manual' })
    expect(Object.fromEntries(sent[0]?.headers ?? [])).toEqual({
      authorization: 'Bearer T1',
      cookie: `refreshToken=${TOKEN}`,
    })
  })

  test('A42 without a refresh cookie nothing is sent: the backend would end another session', async () => {
    const { ended, sent } = await revoke({ refreshToken: '' })
    expect(ended).toBe(false)
    expect(sent).toEqual([])
  })

  test('A42 in a browser the jar names the session; a late result is let be', async () => {
    const now = await revoke({ refreshToken: '' }, undefined, browser)
    expect(now.ended).toBe(true)
    expect(now.sent[0]?.init.credentials).toBe('include')
    expect(now.sent[0]?.headers.has('cookie')).toBe(false)
    const late = await revoke({ cause: 'late' }, undefined, browser)
    expect(late).toEqual({ ended: false, sent: [] })
  })

  test('A42 anything but 200 leaves the grant alive, and nothing throws', async () => {
    for (const status of [204, 302, 401, 429, 500, 503]) {
      expect((await revoke({}, () => new Response(null, { status }))).ended).toBe(false)
    }
    expect((await revoke({}, () => Promise.reject(new TypeError('Failed to fetch')))).ended).toBe(false)
    const followed = Object.defineProperty(json({}), 'redirected', { value: true })
    expect((await revoke({}, () => followed)).ended).toBe(false)
    for (const nobody of [
      () => page('<title>Back in a moment</title>'),
      () => json('[]'),
      () => new Response(null),
    ])
      expect((await revoke({}, nobody)).ended).toBe(false)
    const bad = await revoke({ bearer: 'canary\r\nX: 1' })
    expect(bad).toEqual({ ended: false, sent: [] })
  })

  test('A42 a logout that hangs ends at its deadline', async () => {
    const controller = new AbortController()
    const ended = revoke({ signal: controller.signal }, () => new Promise<Response>(() => {}))
    controller.abort()
    expect((await ended).ended).toBe(false)
  })
})
