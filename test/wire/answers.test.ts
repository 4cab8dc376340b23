import { describe, expect, test } from 'vitest'
import { openidStrategy } from '../../src/librechat/openidStrategy.ts'
import { attempt, fakeFetch, json, page, TOKEN } from '../strategies/attempt.ts'

const answered = (response: () => Response, options = {}) =>
  openidStrategy(options).refresh(attempt({ fetch: fakeFetch(response).fetch }))
const unknown = (cause: string) => ({ kind: 'unknown', cause, answered: false })
const broken = { ...unknown('schema'), warnings: ['schema'] }
const status = (code: number, headers: Record<string, string> = {}) =>
  answered(() => page('<html>gateway</html>', { status: code, headers }))

describe('200', () => {
  test('A2 no refresh token, null or an empty one: the one that was sent stays', async () => {
    for (const more of [{}, { refreshToken: null }, { refreshToken: '' }]) {
      expect(await answered(() => json({ token: 'T2', ...more }))).toEqual({
        kind: 'ok',
        bearer: 'T2',
        life: {},
      })
    }
  })

  test('A3 a repeated refresh token is handed on as it is', async () => {
    expect(await answered(() => json({ token: 'T2', refreshToken: TOKEN }))).toEqual({
      kind: 'ok',
      bearer: 'T2',
      refreshToken: TOKEN,
      life: {},
    })
  })

  test('A6 an HTML page proves nothing, whatever its content type says', async () => {
    const html = '<!doctype html><title>Sign in to the network</title>'
    expect(await answered(() => page(html))).toEqual(unknown('content'))
    expect(await answered(() => json(html))).toEqual(unknown('json'))
    expect(await answered(() => new Response(html, { headers: { 'content-type': '' } }))).toEqual(
      unknown('content'),
    )
  })

  test('A7 an empty body, 202, 204 and 206 prove nothing', async () => {
    expect(await answered(() => json(''))).toEqual(unknown('content'))
    expect(await answered(() => new Response(null))).toEqual(unknown('content'))
    expect(await answered(() => new Response(null, { status: 204 }))).toEqual(unknown('content'))
    for (const code of [202, 206]) {
      expect(await answered(() => json({ token: 'T2', refreshToken: 'R2' }, { status: code }))).toEqual(
        unknown('content'),
      )
    }
  })

  test.each([
    ['a number for the token', { token: 123 }],
    ['a boolean for the token', { token: true }],
    ['a list for the token', { token: ['T2'] }],
    ['a number for each token', { token: 1, refreshToken: 2 }],
    ['an object for the refresh token alone', { refreshToken: {} }],
    ['text for the user', { token: 'T2', user: 'x' }],
    ['a list for the user', { token: 'T2', user: [] }],
    ['a number for the user’s id', { token: 'T2', user: { id: 1 } }],
    ['null', null],
    ['nothing', {}],
    ['a list at the root', [{ token: 'T2' }]],
    ['a scalar at the root', 'T2'],
    ['nothing of use', { token: null, refreshToken: '' }],
  ])('A8 %s is not coerced', async (_, body) => {
    expect(await answered(() => json(JSON.stringify(body)))).toEqual(broken)
  })

  test('A8 a cosmetic field of the wrong type costs no session', async () => {
    const user = { id: 'u1', name: null, email: 7, avatar: {}, role: 'ADMIN', username: '' }
    expect(await answered(() => json({ token: 'T2', user }))).toMatchObject({
      user: { id: 'u1', role: 'ADMIN' },
    })
  })

  test('A9 a new refresh token without a bearer is kept', async () => {
    for (const more of [{}, { token: null }]) {
      expect(await answered(() => json({ refreshToken: 'R2', ...more }))).toEqual({
        kind: 'ok',
        refreshToken: 'R2',
        life: {},
      })
    }
  })

  test.each([
    ['empty', ''],
    ['blank', '   '],
    ['with a line break', 'T2\r\nX-Admin: 1'],
    ['not Latin-1', 'T2→'],
    ['longer than 16 KiB', 'T'.repeat(17_000)],
    ['with half a surrogate pair', 'T2\ud800'],
  ])(
    'A10 a bearer that is %s comes through untouched, and so does the new refresh token',
    async (_, token) => {
      expect(await answered(() => json({ token, refreshToken: 'R2' }))).toEqual({
        kind: 'ok',
        bearer: token,
        refreshToken: 'R2',
        life: {},
      })
    },
  )

  test.each([
    ['A11 in the past', 1],
    ['A12 in seconds', 1_700_000_000],
    ['A13 of odd types', [null, true, [1], -1, 0.5, {}]],
    ['A14 as text', '2026-01-01'],
    ['A15 far in the future', 8.64e15 + 1],
  ])('%s, the hints of the bearer’s life come through as they were sent', async (_, values) => {
    for (const value of [values].flat()) {
      expect(await answered(() => json({ token: 'T2', expiresAt: value, expires_in: value }))).toEqual({
        kind: 'ok',
        bearer: 'T2',
        life: { expiresAt: value, expiresIn: value },
      })
    }
  })

  test('A39 whom the answer is about: `id`, else `_id`, and only what a session knows', async () => {
    const user = { _id: 'u2', email: 'a@b.c', openidId: 'sub', totpSecret: 'canary', tenantId: 'acme' }
    expect(await answered(() => json({ token: 'T2', user }))).toMatchObject({
      user: { id: 'u2', email: 'a@b.c', tenantId: 'acme' },
    })
    const both = await answered(() => json({ token: 'T2', user: { id: 'u1', _id: 'u2' } }))
    expect(both).toMatchObject({ user: { id: 'u1' } })
    expect(await answered(() => json({ token: 'T2', user: {} }))).toEqual({
      kind: 'ok',
      bearer: 'T2',
      life: {},
    })
  })

  test.each([
    ['invalid', '{token:"T2"}'],
    ['truncated', '{"token":"T2","refreshTo'],
    ['trailing', '{"token":"T2"}{"token":"T3"}'],
    ['with a repeated name', '{"token":"T2","token":"T3"}'],
    ['with a repeated name in disguise', '{"token":"T2","to\\u006ben":"T3"}'],
    ['with a repeated name inside', '{"token":"T2","user":{"id":"u1","id":"u2"}}'],
    ['nested 10 000 times', `{"token":"T2","x":${'['.repeat(10_000)}${']'.repeat(10_000)}}`],
    ['unclosed 10 000 times', '['.repeat(10_000)],
  ])('A18 JSON that is %s is `json`, without the text of the parser', async (_, text) => {
    expect(await answered(() => json(text))).toEqual(unknown('json'))
  })

  test('A18 the same name in two objects, and in a text, is no repetition', async () => {
    const body = {
      token: 'T2',
      user: { id: 'u1', token: '"token":"token"' },
      list: [{ token: 1 }, { token: 2 }],
      texts: ['token', ':token'],
    }
    expect(await answered(() => json(body))).toMatchObject({ kind: 'ok', bearer: 'T2' })
  })

  test('A18 JSON is read to a depth of 32', async () => {
    const nested = (depth: number) => `{"token":"T2","x":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`
    expect(await answered(() => json(nested(32)))).toMatchObject({ kind: 'ok', bearer: 'T2' })
    expect(await answered(() => json(nested(33)))).toEqual(unknown('json'))
  })

  test('A19 a byte order mark is accepted', async () => {
    expect(await answered(() => json('\ufeff{"token":"T2"}'))).toMatchObject({ kind: 'ok', bearer: 'T2' })
  })

  test('A19 other encodings are not', async () => {
    const type = (value: string) => ({ headers: { 'content-type': value } })
    const utf16 = Buffer.from('\ufeff{"token":"T2"}', 'utf16le')
    expect(await answered(() => new Response(utf16, type('application/json')))).toEqual(unknown('content'))
    expect(await answered(() => new Response(utf16.subarray(2), type('application/json')))).toEqual(
      unknown('json'),
    )
    const loneSurrogate = Buffer.from('7b22746f6b656e223a22eda080227d', 'hex')
    expect(await answered(() => new Response(loneSurrogate, type('application/json')))).toEqual(
      unknown('content'),
    )
  })

  const typed = (type: string) => answered(() => json({ token: 'T2' }, { headers: { 'content-type': type } }))

  test.each([
    'application/json',
    'application/problem+json; charset="UTF-8"',
    'application/json ; charset=utf-8',
    'Application/JSON;Charset = utf-8 ; v=1',
    'application/json; charset  =  "utf-8"  ; v=1',
    'application/json; v=1; x-charset=utf-16',
  ])('A19 %s is JSON', async (type) => {
    expect(await typed(type)).toMatchObject({ kind: 'ok' })
  })

  test('T16 the server’s clock is read from a sane Date only', async () => {
    const serverNow = async (date: string) => {
      const outcome = await answered(() => json({ token: 'T2' }, { headers: { date } }))
      return outcome.kind === 'ok' ? outcome.life?.serverNow : undefined
    }
    expect(await serverNow('Tue, 10 Mar 2026 08:00:00 GMT')).toBe(Date.UTC(2026, 2, 10, 8))
    expect(await serverNow('Thu, 01 Jan 2015 00:00:00 GMT')).toBe(Date.UTC(2015, 0))
    expect(await serverNow('Sat, 31 Dec 2089 23:59:59 GMT')).toBe(Date.UTC(2090, 0) - 1000)
    for (const absurd of [
      'Thu, 01 Jan 1970 00:00:00 GMT',
      'Wed, 31 Dec 2014 23:59:59 GMT',
      'Sun, 01 Jan 2090 00:00:00 GMT',
      'Tue, 10 Mar 2026 08:00:00',
      'Tue, 10 Mar 2026 08:00:00 GMT+0100',
      'on Tue, 10 Mar 2026 08:00:00 GMT',
      '2026-03-10T08:00:00Z',
      '1773129600000',
      'Tue, 10 Mar 2026 08:00:00 GMT, Tue, 10 Mar 2026 08:00:00 GMT',
      '',
    ]) {
      expect(await serverNow(absurd)).toBeUndefined()
    }
  })

  test('X9 and I22: names that change prototypes change none', async () => {
    const text =
      '{"token":"T2","__proto__":{"refreshToken":"evil","polluted":1},"constructor":{"prototype":{"polluted":1}},' +
      '"user":{"id":"u1","__proto__":{"role":"ADMIN"},"toString":"x"}}'
    const outcome = await answered(() => json(text))
    expect(outcome).toEqual({ kind: 'ok', bearer: 'T2', user: { id: 'u1', toString: 'x' }, life: {} })
    expect(Object.hasOwn((outcome as { user: object }).user, '__proto__')).toBe(false)
    expect(Object.getPrototypeOf(outcome)).toBe(Object.prototype)
    expect('polluted' in {}).toBe(false)
  })
})

describe('other statuses', () => {
  test('A28 401 and 403 without a known code prove nothing: ban pages, proxies, bearer checks', async () => {
    for (const code of [400, 401, 403]) {
      expect(await status(code)).toEqual(unknown('status'))
      expect(await answered(() => json({ message: 'Temporarily banned' }, { status: code }))).toEqual(
        unknown('status'),
      )
      expect(await answered(() => json({ error_code: '__proto__' }, { status: code }))).toEqual(
        unknown('status'),
      )
      expect(await answered(() => json('null', { status: code }))).toEqual(unknown('status'))
    }
  })

  test('A5 every 3xx is a redirect, and nothing else is', async () => {
    for (const code of [300, 304, 399]) {
      expect(await answered(() => new Response(null, { status: code }))).toEqual(unknown('redirect'))
    }
    expect(await status(299)).toEqual(unknown('content'))
    expect(await status(400)).toEqual(unknown('status'))
  })

  test('A29 404, 405, 410 and 501 are backends that do not refresh, for now, where nobody else can have said it', async () => {
    for (const code of [404, 405, 410, 501])
      expect(await answered(() => page('', { status: code }), { trust404: true })).toEqual({
        kind: 'unsupported',
        forGood: false,
      })
  })

  test('A30 408, 421 and 425 were not processed', async () => {
    for (const code of [408, 421, 425])
      expect(await status(code)).toEqual({ kind: 'refused', cause: 'unavailable' })
  })

  test('A31 a limiter was first: refused, with its wait', async () => {
    const limited = () =>
      json({ message: 'Too many login attempts' }, { status: 429, headers: { 'retry-after': '120' } })
    expect(await answered(limited)).toEqual({ kind: 'refused', cause: 'limited', retryAfterMs: 120_000 })
    expect(await status(429)).toEqual({ kind: 'refused', cause: 'limited' })
  })

  test('A32 a date in Retry-After counts from the answer’s own Date, not from the local clock', async () => {
    const date = 'Tue, 10 Mar 2020 08:00:00 GMT'
    const wait = async (headers: Record<string, string>) =>
      (await status(429, headers)) as { retryAfterMs?: number }
    expect((await wait({ date, 'retry-after': 'Tue, 10 Mar 2020 08:01:30 GMT' })).retryAfterMs).toBe(90_000)
    expect((await wait({ date, 'retry-after': 'Tue, 10 Mar 2020 09:00:00 GMT' })).retryAfterMs).toBe(300_000)
    expect((await wait({ date, 'retry-after': 'Tue, 10 Mar 2020 07:00:00 GMT' })).retryAfterMs).toBe(0)
    expect((await wait({ 'retry-after': 'Tue, 10 Mar 2020 08:01:30 GMT' })).retryAfterMs).toBeUndefined()
  })

  test('A31 a wait is only told where it may be asked again', async () => {
    const headers = { 'retry-after': '7' }
    const missing = () => json({ message: 'Endpoint not found' }, { status: 404, headers })
    expect(await answered(missing)).toEqual({ kind: 'unsupported', forGood: false })
    expect(await answered(() => json({ token: 'T2' }, { headers }))).toEqual({
      kind: 'ok',
      bearer: 'T2',
      life: {},
    })
  })

  test.each(['', 'soon', '-5', '0x10', '1e9', '30.5', '+30', '120, 120', '2026-03-10', 'Infinity', '１２'])(
    'A33 Retry-After %j is ignored',
    async (value) => {
      const headers = new Headers({ date: 'Tue, 10 Mar 2026 08:00:00 GMT' })
      // What no header can carry never arrives.
      if (/^[\x20-\x7e]*$/.test(value)) headers.set('retry-after', value)
      expect(await answered(() => new Response(null, { status: 429, headers }))).toEqual({
        kind: 'refused',
        cause: 'limited',
      })
    },
  )

  test('A33 a huge Retry-After is five minutes', async () => {
    expect(await status(429, { 'retry-after': '100000000000000' })).toMatchObject({ retryAfterMs: 300_000 })
    expect(await status(429, { 'retry-after': '9'.repeat(400) })).toMatchObject({ retryAfterMs: 300_000 })
    expect(await status(429, { 'retry-after': '0' })).toMatchObject({ retryAfterMs: 0 })
  })

  test('A34 500 proves nothing', async () => {
    expect(await status(500)).toEqual(unknown('status'))
    expect(await answered(() => page('An unknown error occurred.', { status: 500 }))).toEqual(
      unknown('status'),
    )
  })

  test('A35 502 and 504 of a gateway prove nothing', async () => {
    for (const code of [502, 504, 520]) expect(await status(code)).toEqual(unknown('status'))
  })

  test('A37 503 of an unknown origin proves nothing, unless its gateway is trusted', async () => {
    const overloaded = true
    expect(await status(503)).toEqual({ ...unknown('status'), overloaded })
    expect(await status(503, { 'retry-after': '7' })).toEqual({
      ...unknown('status'),
      overloaded,
      retryAfterMs: 7000,
    })
    const trusted = (code: number) =>
      answered(() => page('', { status: code, headers: { 'retry-after': '7' } }), { trust503: true })
    expect(await trusted(503)).toEqual({
      kind: 'refused',
      cause: 'unavailable',
      overloaded,
      retryAfterMs: 7000,
    })
    expect(await trusted(502)).toEqual({ ...unknown('status'), retryAfterMs: 7000 })
  })

  test('A41 of an error body only its code leaves the parser', async () => {
    const canary = '\u001b[31mcanary %s <script>alert(1)</script>'
    const bodies = [
      json({ error: canary, error_code: canary, message: canary }, { status: 401 }),
      json({ error: canary, error_code: 'REFRESH_FAILED', message: canary }, { status: 401 }),
      page(canary.repeat(30_000), { status: 401 }),
      json(canary.repeat(30_000)),
    ]
    for (const body of bodies) {
      const outcome = await answered(() => body)
      expect(outcome.kind).toBe('unknown')
      expect(JSON.stringify(outcome)).not.toMatch(/canary|script|%s|\\u001b/)
    }
  })

  test('A41 what no answer can be is an outcome all the same', async () => {
    for (const odd of [undefined, null]) {
      expect(await answered(() => odd as unknown as Response)).toEqual(unknown('network'))
    }
    for (const odd of [7, {}, { status: 200, headers: {}, body: null }]) {
      expect(await answered(() => odd as Response)).toEqual(unknown('internal'))
    }
  })
})
