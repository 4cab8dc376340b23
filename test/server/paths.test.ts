import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { parse as legacyParse } from 'node:url'
import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import { browser } from './browser.ts'
import { librechatRoutes } from './librechatRoutes.ts'
import { librechatServer } from './librechatServer.ts'
import { SECRET } from './world.ts'

const PANEL = 'https://admin.example'
const METHODS = ['GET', 'POST']
const tables = {
  '/api/admin/': librechatRoutes({ '/api/admin/': METHODS }, '/'),
  '/api/': librechatRoutes({ '/api/': METHODS }, '/'),
}

/** Dots and double slashes resolved, as a file system or a servlet container does it. */
function resolved(segments: readonly string[]): string[] {
  const found: string[] = []
  for (const segment of segments) {
    if (segment === '..') found.pop()
    else if (segment !== '' && segment !== '.') found.push(segment)
  }
  return found
}

const latin1 = (text: string) =>
  text.replace(/%([\da-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))

/** As UTF-8 was read before RFC 3629: overlong forms count. */
function overlong(text: string): string {
  return latin1(text).replace(/[\xc0-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}/g, (bytes) => {
    const [first = 0, ...rest] = [...bytes].map((byte) => byte.charCodeAt(0))
    const code = rest.reduce((sum, byte) => sum * 64 + (byte & 63), first & (rest.length === 1 ? 31 : 15))
    return String.fromCodePoint(code)
  })
}

function safely(decode: (text: string) => string, text: string): string {
  try {
    return decode(text)
  } catch {
    return text
  }
}

/** Until nothing changes any more, as several hops that each decode do it. */
function often(decode: (text: string) => string, text: string): string {
  let now = text
  for (let n = 0; n < 6; n++) now = safely(decode, now)
  return now
}

/** `%u002f`, of IIS. */
const withUnicode = (text: string) =>
  text.replace(/%u([\da-f]{4})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))

const slashes = (path: string) => path.replaceAll('\\', '/').split('/')
const ended = (path: string) => path.split(/[?#\0]/)[0] ?? ''
const whatwg = (path: string) => new URL(path, 'http://backend').pathname

/** What parsers on the way make of a path that is passed on: the segments at which they arrive. */
const parsers: Readonly<Record<string, (path: string) => readonly string[]>> = {
  whatwg: (path) => resolved(slashes(safely(decodeURIComponent, whatwg(path)))),
  'node, legacy': (path) =>
    resolved(
      slashes(safely(decodeURIComponent, legacyParse(`http://backend${path}`, false, true).pathname ?? '')),
    ),
  express: (path) =>
    resolved(
      ended(path)
        .split('/')
        .map((one) => safely(decodeURIComponent, one)),
    ),
  'nginx: decodes, ends at a NUL, merges, resolves': (path) =>
    resolved(ended(safely(decodeURIComponent, path)).split('/')),
  'tomcat: cuts parameters, decodes, resolves': (path) =>
    resolved(
      safely(
        decodeURIComponent,
        path
          .split('/')
          .map((one) => one.split(';')[0])
          .join('/'),
      ).split('/'),
    ),
  'jetty: resolves, then decodes and cuts parameters': (path) =>
    resolved(
      resolved(path.split('/')).flatMap((one) =>
        slashes(safely(decodeURIComponent, one).split(';')[0] ?? ''),
      ),
    ),
  'decodes until nothing changes': (path) => resolved(slashes(ended(often(decodeURIComponent, path)))),
  'overlong UTF-8': (path) => resolved(slashes(ended(often(overlong, path)))),
  'iis: %u, compatible letters, backslashes': (path) =>
    resolved(slashes(ended(often((text) => decodeURIComponent(withUnicode(text)).normalize('NFKC'), path)))),
}

const TOKENS =
  /^api\/(admin\/(login|oauth)|auth\/(login|refresh|2fa\/verify-temp|graph-token)|mcp\/oauth)(\/|$)/i
const forgiving = (segments: readonly string[]) =>
  segments.map((one) => one.normalize('NFKC').replace(/[. ]+$/, '')).join('/')

/** Checks one path that a table has let through; answers whether it did. */
function judge(table: keyof typeof tables, raw: string): boolean {
  const url = URL.parse(raw, PANEL)
  const route = url && url.origin === PANEL ? tables[table](url, 'POST') : undefined
  if (!route) return false
  const path = `/${route.path}`.split('?')[0] ?? ''
  const own = path
    .split('/')
    .filter((one) => one !== '')
    .map(decodeURIComponent)
  for (const [name, parser] of Object.entries(parsers)) {
    const read = parser(path)
    // What is compatible is the same letter to that parser.
    const same = (segments: readonly string[]) => segments.map((one) => one.normalize('NFKC')).join('\n')
    const isLatin = name === 'overlong UTF-8'
    if (!isLatin) expect(same(read), `${name} reads ${raw}`).toBe(same(own))
    expect(`/${read.join('/')}/`.startsWith(table), `${name} reads ${raw} outside ${table}`).toBe(true)
    expect(read.length, `${name} reads ${raw}`).toBe(own.length)
    expect(TOKENS.test(forgiving(read)), `${name} reads a token route in ${raw}`).toBe(false)
  }
  return true
}

const SLASHES = [
  '/',
  '//',
  '\\',
  '%2f',
  '%2F',
  '%5c',
  '%252f',
  '%25252F',
  '%c0%af',
  '%e0%80%af',
  '%u002f',
  '%uff0f',
  '%ef%bc%8f',
  '%e2%81%84',
  '%e2%88%95',
  ';/',
  '/;/',
  '/;x=1/',
  '%3b/',
  '/.;/',
]
const DOTS = [
  '..',
  '.',
  '...',
  '%2e%2e',
  '.%2e',
  '%2E.',
  '%252e%252e',
  '%c0%ae%c0%ae',
  '%e0%80%ae.',
  '..;',
  '..%3b',
  '..%3Bx',
  '..%00',
  '..%20',
  '.. ',
  '..%09',
  '..%0d',
  '%u002e%u002e',
  '%ef%bc%8e%ef%bc%8e',
  '%e2%80%a5',
  '..%ff',
  '%',
  '%2',
  '%zz',
  '%ed%a0%80',
  '',
]
const TARGETS = [
  'auth',
  'login',
  'oauth',
  'refresh',
  'admin',
  'local',
  'users',
  '%6cogin',
  'LOGIN',
  'log%69n',
  'lo%67in.',
  'oauth%20',
  '%e2%93%9fauth',
  'ｌｏｇｉｎ',
  'auth;x',
  'x%00',
  'x%3fy',
  'x%23y',
  'ü',
  'a%20b',
  'a@b.c',
  '2fa',
  'verify-temp',
  'graph-token',
  'mcp',
]

describe('U13: paths', () => {
  test('U13: every combination of an odd separator and odd dots means the same to every parser, or is refused', () => {
    let passed = 0
    let all = 0
    for (const table of ['/api/admin/', '/api/'] as const)
      for (const first of SLASHES)
        for (const dots of DOTS)
          for (const second of SLASHES)
            for (const target of ['auth/refresh', 'login/local', 'oauth/refresh', 'users']) {
              all++
              if (judge(table, `${table}x${first}${dots}${second}${target}`)) passed++
            }
    expect(all).toBeGreaterThan(50_000)
    // What the URL parser has resolved already means one thing.
    expect(passed).toBeLessThan(all / 100)
  }, 240_000)

  test('U13: so does whatever else can be made of such parts', () => {
    const part = fc.oneof(
      fc.constantFrom(...SLASHES, ...DOTS, ...TARGETS),
      fc.string({ maxLength: 3 }),
      fc.string({ unit: 'binary', maxLength: 2 }),
      fc.integer({ min: 0, max: 255 }).map((byte) => `%${byte.toString(16).padStart(2, '0')}`),
    )
    let passed = 0
    fc.assert(
      fc.property(
        fc.constantFrom('/api/admin/' as const, '/api/' as const),
        fc.array(part, { maxLength: 8 }),
        (table, parts) => {
          if (judge(table, `${table}${parts.join('')}`)) passed++
        },
      ),
      { numRuns: 20_000 },
    )
    expect(passed).toBeGreaterThan(100)
  }, 240_000)

  test.each([
    'users/a%20b',
    'users/J%C3%BCrgen',
    'users/%E6%97%A5%E6%9C%AC',
    'users/a@b.c',
    'users/a%40b.c',
    'users/a+b',
    'users/(1)',
    "users/it's",
    'users/1,2',
    'users/a:b',
    'users/%7Ea',
    'users/a.b.c',
    'users/.hidden',
    'users/50%C2%BD',
    'users/',
    'users/x%27',
    'users/[1]',
    'users?redirect=/../..;%2f%00',
  ])('U13: what means one thing alone goes on as it came: %s', (path) => {
    expect(tables['/api/admin/'](new URL(`/api/admin/${path}`, PANEL), 'GET')?.path).toBe(`api/admin/${path}`)
  })

  test.each([
    ['a stray % anywhere', '/api/auth/refresh%'],
    ['a stray % in front', '/api/%/../auth/refresh%zz'],
    ['path parameters', '/api/admin/users;/..;/oauth/refresh'],
    ['encoded path parameters', '/api/admin/users/..%3b/oauth/refresh'],
    ['overlong dots', '/api/admin/%c0%ae%c0%ae/auth/refresh'],
    ['an overlong slash', '/api/admin/..%c0%afauth'],
    ['a route of today', '/api/auth/graph-token'],
    ['a route of tomorrow', '/api/auth/session/token'],
    ['its logout, which ends any session of the user', '/api/auth/logout'],
    ['another area that hands out tokens', '/api/mcp/oauth/tokens/flow'],
    ['the same in capitals', '/api/Auth/Graph-Token/'],
    ['the same with dots at the end', '/api/auth./refresh.'],
    ['the same in wide letters', `/api/${encodeURIComponent('ａｕｔｈ')}/refresh`],
  ])('U13: a table as wide as /api/ passes no %s', (_, path) => {
    for (const method of METHODS) expect(tables['/api/'](new URL(path, PANEL), method)).toBeUndefined()
  })

  test('U13: a table as wide as all passes no area of tokens either', () => {
    const wide = librechatRoutes({ '/api/': METHODS, '/oauth/': METHODS, '/x/': METHODS }, '/')
    for (const path of ['/oauth/openid', '/x/oauth/y', '/api/actions/1/oauth/callback'])
      expect(wide(new URL(path, PANEL), 'GET'), path).toBeUndefined()
    expect(wide(new URL('/x/y', PANEL), 'GET')?.path).toBe('x/y')
    // A section of the settings hands out nothing.
    expect(wide(new URL('/api/admin/settings/oauth', PANEL), 'GET')?.path).toBe('api/admin/settings/oauth')
  })

  test('U13: the bytes that reach the backend are those that were judged', async () => {
    const got: string[] = []
    const bearer = `e30.${btoa(JSON.stringify({ iat: 1, exp: 9e9 })).replaceAll('=', '')}.c2ln`
    const http = createServer((incoming, outgoing) => {
      got.push(incoming.url ?? '')
      outgoing.writeHead(200, { 'content-type': 'application/json', 'set-cookie': 'refreshToken=r' })
      outgoing.end(JSON.stringify({ token: bearer, user: { id: 'u' } }))
    }).listen(0, '127.0.0.1')
    await once(http, 'listening')
    onTestFinished(() => {
      http.closeAllConnections()
      http.close()
    })
    const server = librechatServer({
      baseUrl: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
      publicUrl: PANEL,
      secrets: [SECRET],
      api: { '/api/': METHODS },
    })
    const page = browser((request) => server.handle(request), PANEL)
    await page.post('/session/login', { email: 'a', password: 'p' })
    got.length = 0
    const expected: string[] = []
    for (const dots of DOTS)
      for (const target of TARGETS) {
        const raw = `/api/admin/x/${dots}/${target}`
        const route = tables['/api/'](new URL(raw, PANEL), 'GET')
        const { status } = await page.get(raw)
        expect(status, raw).toBe(route ? 200 : 404)
        if (route) expected.push(`/${route.path}`)
      }
    expect(expected.length).toBeGreaterThan(10)
    expect(got).toEqual(expected)
  })
})
