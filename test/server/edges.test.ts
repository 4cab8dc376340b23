import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cookieSlot } from '../../src/server/cookieSlot.ts'
import { forgeryOf } from '../../src/server/csrf.ts'
import { downstreamHeaders, passedHeaders, upstreamHeaders } from '../../src/server/passedHeaders.ts'
import { safeReturnTo } from '../../src/server/returnTo.ts'
import { librechatRoutes } from './librechatRoutes.ts'

const PANEL = new URL('https://admin.example/')
const OWN = ['/session/', '/auth/openid/callback', '/login']

describe('returnTo', () => {
  test.each([
    ['/', '/'],
    ['/users', '/users'],
    ['/users?page=2&q=a%2Fb#top', '/users?page=2&q=a%2Fb#top'],
    ['/users?q=CORP%5Cada', '/users?q=CORP%5Cada'],
    ['/a/../b', '/b'],
    ['/sessions', '/sessions'],
    ['/loginhistory', '/loginhistory'],
  ])('%s is kept as %s', (value, expected) => {
    expect(safeReturnTo(value, PANEL, OWN)).toBe(expected)
  })

  test.each([
    '//evil.example',
    '///evil.example',
    '/\\evil.example',
    '/%5Cevil.example',
    '/a/%5c%5cevil.example',
    '\\\\evil.example',
    '/./\\evil.example',
    '/..//evil.example',
    '/.//evil.example',
    '/a/..//evil.example',
    '/\tevil',
    '/\n/evil.example',
    '/%09/../\u0000',
    'https://evil.example/',
    'https:/evil.example',
    'https:evil.example',
    'https:///evil.example',
    'HTTPS://admin.example.evil.example/',
    'https://admin.example@evil.example/',
    'http://admin.example/',
    'blob:https://admin.example/x',
    ' /users',
    'users',
    '',
    undefined,
    null,
    7,
    ['/users'],
  ])('X10: %j is no destination', (value) => {
    expect(safeReturnTo(value, PANEL, OWN)).toBe('/')
  })

  test.each([
    'javascript:alert(1)',
    'java\nscript:alert(1)',
    'data:text/html,x',
    'JaVaScRiPt:alert(1)',
    'vbscript:x',
  ])('X11: %j is no destination', (value) => {
    expect(safeReturnTo(value, PANEL, OWN)).toBe('/')
  })

  test.each([
    '/login',
    '/login/',
    '/login?returnTo=/login',
    '/LOGIN',
    '/session/logout',
    '/session',
    '/x/../login',
    '/auth/openid/callback?code=x',
  ])('X12: %s would lead back to the login', (value) => {
    expect(safeReturnTo(value, PANEL, OWN)).toBe('/')
  })

  test('a panel under a path keeps its people under that path', () => {
    const base = new URL('https://admin.example/panel/')
    expect(safeReturnTo('/panel/users?x=1', base, [])).toBe('/panel/users?x=1')
    expect(safeReturnTo('/panel', base, [])).toBe('/panel')
    for (const value of ['/users', '/panels', '/panel/../users', '/panel/..//evil.example'])
      expect(safeReturnTo(value, base, []), value).toBe('/panel/')
  })

  test('I21: whatever comes in, what comes out stays on the origin, and still does when it is read again', () => {
    const nasty = fc.array(
      fc.constantFrom(
        '/',
        '\\',
        '.',
        '..',
        '//',
        '%2f',
        '%5c',
        '@',
        ':',
        '?',
        '#',
        '\t',
        '\n',
        '\0',
        'evil.example',
        'https:',
        'a',
      ),
    )
    const any = fc.oneof(
      fc.string(),
      fc.string({ unit: 'binary' }),
      nasty.map((parts) => parts.join('')),
      nasty.map((parts) => `/${parts.join('')}`),
    )
    fc.assert(
      fc.property(any, (value) => {
        const result = safeReturnTo(value, PANEL, OWN)
        expect(result).toMatch(/^\/(?![/\\])/)
        expect(new URL(result, PANEL).origin).toBe(PANEL.origin)
        expect(new URL(result, PANEL).pathname).toMatch(/^\/(?![/\\])/)
        expect(safeReturnTo(result, PANEL, OWN)).toBe(result)
      }),
      { numRuns: 5_000 },
    )
  })
})

describe('the cookie', () => {
  const slot = (isSecure: boolean, path = '/') =>
    cookieSlot({ name: 'session', publicUrl: new URL(path, PANEL), isSecure })
  const withCookie = (cookie: string) => new Request(PANEL, { headers: { cookie } })

  test.each([
    [true, '/', '__Host-session=v; Max-Age=60; Path=/; HttpOnly; SameSite=Lax; Secure'],
    [true, '/panel/', '__Secure-session=v; Max-Age=60; Path=/panel; HttpOnly; SameSite=Lax; Secure'],
    [false, '/', 'session=v; Max-Age=60; Path=/; HttpOnly; SameSite=Lax'],
  ])('secure %s under %s: %s', (isSecure, path, expected) => {
    expect(slot(isSecure, path).set('v', 60_000)).toBe(expected)
  })

  test('is deleted with the attributes it was set with', () => {
    const { set, clear } = slot(true)
    expect(clear()).toBe(set('', 0))
  })

  test('X16: every value of a name that comes twice is handed to whoever opens them, and none of another name', () => {
    const { values } = slot(true)
    expect(values(withCookie('__Host-session=mine'))).toEqual(['mine'])
    expect(values(withCookie('a=b; __Host-session=mine; session=other'))).toEqual(['mine'])
    expect(values(withCookie('__Host-session=tossed; __Host-session=mine; __Host-session=mine'))).toEqual([
      'tossed',
      'mine',
    ])
    expect(values(withCookie('session=tossed; __Host-session=; __Host-session'))).toEqual([])
  })

  test('S10: one that browsers would drop is refused, with its size and without its value', () => {
    const value = 'v'.repeat(4_050)
    expect(() => slot(true).set(value, 60_000)).toThrow(/4\d\d\d bytes.*4096/)
    expect(() => slot(true).set(value, 60_000)).not.toThrow(/vvvv/)
    expect(slot(true).set('v'.repeat(4_000), 60_000).length).toBeLessThanOrEqual(4_096)
  })
})

describe('X13: a request from another origin', () => {
  const ORIGIN = PANEL.origin
  const judge = (method: string, headers: Record<string, string>) =>
    forgeryOf(new Request('https://admin.example/session/logout', { method, headers }), ORIGIN) !== undefined

  test.each([
    ['a form of another site', 'POST', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }],
    ['a form, in a browser without Sec-Fetch', 'POST', { origin: 'https://evil.example' }],
    ['a form of a sandboxed frame', 'POST', { origin: 'null' }],
    ['a script of a sibling domain', 'POST', { 'sec-fetch-site': 'same-site', 'x-csrf': '1' }],
    ['an image', 'GET', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }],
    ['a form without the header', 'POST', {}],
    ['the header with another value', 'POST', { 'x-csrf': '0' }],
    ['our origin on another port', 'POST', { origin: 'https://admin.example:444', 'x-csrf': '1' }],
    ['our origin without TLS', 'POST', { origin: 'http://admin.example', 'x-csrf': '1' }],
    ['a script that reads', 'GET', { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }],
    ['another method', 'DELETE', { 'sec-fetch-site': 'same-origin' }],
  ])('is turned away: %s', (_, method, headers) => {
    expect(judge(method, headers as unknown as Record<string, string>)).toBe(true)
  })

  test.each([
    ['a script of ours', 'POST', { origin: ORIGIN, 'sec-fetch-site': 'same-origin', 'x-csrf': '1' }],
    ['a script of ours, in a browser without Sec-Fetch', 'POST', { origin: ORIGIN, 'x-csrf': '1' }],
    ['a read of ours', 'GET', { 'sec-fetch-site': 'same-origin' }],
    ['an address that was typed', 'GET', { 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate' }],
    ['a link of another site', 'GET', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }],
  ])('and one of ours is not: %s', (_, method, headers) => {
    expect(judge(method, headers as unknown as Record<string, string>)).toBe(false)
  })
})

describe('the API', () => {
  const match = librechatRoutes({ '/api/admin/': ['GET', 'POST'], '/api/files/': ['GET'] }, '/')
  const matched = (path: string, method = 'GET') => match(new URL(path, PANEL), method)?.path

  test('passes what is listed, with its query', () => {
    expect(matched('/api/admin/users?q=a%20b')).toBe('api/admin/users?q=a%20b')
    expect(matched('/api/admin/users', 'POST')).toBe('api/admin/users')
  })

  test.each([
    ['/api/other', 'GET'],
    ['/api/admin', 'GET'],
    ['/API/admin/users', 'GET'],
    ['/api/files/x', 'POST'],
    ['/api/admin/users', 'DELETE'],
    ['/api/admin/users', 'TRACE'],
    ['/api/admin/../auth/refresh', 'GET'],
    ['/api/admin/..%2fauth%2frefresh', 'GET'],
    ['/api/admin/%2e%2e/auth/refresh', 'GET'],
    ['/api/admin/%252e%252e/x', 'GET'],
    ['/api/admin/..%5cauth', 'GET'],
    ['/api/admin//evil.example', 'GET'],
    ['/api/admin/x%00', 'GET'],
    ['/api/admin/login/local', 'POST'],
    ['/api/admin/LOGIN/Local/', 'POST'],
    ['/api/admin/%6cogin/local', 'POST'],
    ['/api/admin/oauth/refresh', 'POST'],
    ['/api/admin/oauth/exchange', 'POST'],
  ])('X26: passes on nothing else: %s %s', (path, method) => {
    expect(matched(path, method)).toBeUndefined()
  })

  test.each(['/api/auth/login', '/api/auth/refresh', '/api/auth/2fa/verify-temp'])(
    'no table opens a route that answers with tokens: %s',
    (path) => {
      const wide = librechatRoutes({ '/api/': ['POST'] }, '/')
      expect(wide(new URL(path, PANEL), 'POST')).toBeUndefined()
      expect(wide(new URL('/api/auth/2fa/enable', PANEL), 'POST')?.path).toBe('api/auth/2fa/enable')
      expect(wide(new URL('/api/admin/logins', PANEL), 'POST')?.path).toBe('api/admin/logins')
    },
  )

  test('X26: whatever the path, what is passed on stays below its prefix', () => {
    const part = fc.constantFrom(
      '/',
      '..',
      '.',
      '%2e',
      '%2E%2e',
      '%2f',
      '%5C',
      '%25',
      '\\',
      'api',
      'admin',
      'x',
      '?',
      ';',
    )
    fc.assert(
      fc.property(fc.array(part), (parts) => {
        const url = URL.parse(`/api/admin/${parts.join('')}`, PANEL)
        const path = url && match(url, 'GET')?.path
        if (!path) return
        const target = new URL(path, 'https://chat.example/')
        expect(target.origin).toBe('https://chat.example')
        expect(decodeURIComponent(target.pathname)).toMatch(/^\/api\/(admin|files)\//)
        expect(decodeURIComponent(target.pathname).split('/')).not.toContain('..')
      }),
      { numRuns: 3_000 },
    )
  })

  test('under a path of the panel, the path stays here', () => {
    const under = librechatRoutes({ '/api/admin/': ['GET'] }, '/panel/')
    expect(under(new URL('/panel/api/admin/users', PANEL), 'GET')?.path).toBe('api/admin/users')
    expect(under(new URL('/api/admin/users', PANEL), 'GET')).toBeUndefined()
  })

  test("X8: the backend gets no cookie, no bearer, no tenant and no address of the browser's choice", () => {
    const request = new Request(PANEL, {
      headers: {
        accept: 'a/b',
        'content-type': 'c/d',
        cookie: 'x=y',
        authorization: 'Bearer z',
        'x-tenant-id': 'other',
        'x-forwarded-for': '1.2.3.4',
        'x-forwarded-host': 'evil',
        'x-custom': 'w',
        connection: 'keep-alive',
        'x-csrf': '1',
      },
    })
    expect(upstreamHeaders(request.headers, passedHeaders('/', {}))).toEqual({
      accept: 'a/b',
      'content-type': 'c/d',
    })
  })

  test.each(['X24', 'X25', 'X28'])(
    '%s: a page gets the listed headers of the backend, and nothing is cached',
    () => {
      const headers = new Headers({
        'content-type': 'application/json',
        etag: '"1"',
        location: 'https://evil.example',
        'clear-site-data': '"*"',
        'access-control-allow-origin': '*',
        'cache-control': 'public, max-age=600',
        'content-security-policy': 'x',
        'x-powered-by': 'y',
        refresh: '0',
      })
      headers.append('set-cookie', '__Host-session=theirs')
      for (let n = 0; n < 100; n++) headers.append('set-cookie', `c${n}=1; Domain=example`)
      expect(downstreamHeaders(headers, passedHeaders('/', {}))).toEqual({
        'content-type': 'application/json',
        etag: '"1"',
        'cache-control': 'no-store',
        vary: 'Cookie',
        'x-content-type-options': 'nosniff',
        'content-security-policy': "default-src 'none'; sandbox",
      })
    },
  )

  test.each([['api/'], ['/api'], ['/a/../b/'], ['//x/'], ['/a b/']])(
    'a prefix like %j is a mistake',
    (prefix) => {
      expect(() => librechatRoutes({ [prefix]: ['GET'] }, '/')).toThrow('Option "api"')
    },
  )
})
