import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import tls from 'node:tls'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { toNodeListener } from 'xstate-session/node'
import { freePort } from '../../examples/server/processes.ts'
import type { Finding } from '../../src/base/finding.ts'
import { examine } from '../../src/doctor/examine.ts'
import { hasNginx, startNginx } from '../nginx.ts'
import { type LibrechatServerOptions, librechatServer } from '../server/librechatServer.ts'
import { JSON_TYPE, onPort } from '../server/onPort.ts'
import { SECRET } from '../server/world.ts'

const PAGE_HEADERS = {
  'content-type': 'text/html',
  'cross-origin-opener-policy': 'same-origin',
  'content-security-policy': "default-src 'self'; frame-ancestors 'none'",
}
const html = (outgoing: ServerResponse, body = '<!doctype html><title>Panel</title>', status = 200) =>
  void outgoing.writeHead(status, PAGE_HEADERS).end(body)

/** What the session server of a panel is, that browsers see at `publicUrl`, beside its page. */
async function panel(
  publicUrl: string,
  more: Partial<LibrechatServerOptions> = {},
): Promise<RequestListener> {
  const backend = await onPort((_, outgoing) =>
    outgoing.writeHead(200, JSON_TYPE).end('{"message":"OpenID check successful"}'),
  )
  const { handle } = librechatServer({
    baseUrl: backend.url,
    publicUrl,
    secrets: [SECRET],
    rateLimit: false,
    observe: () => {},
    ...more,
  })
  const listen = toNodeListener(handle, { origin: new URL(publicUrl).origin })
  return (incoming, outgoing) =>
    /^\/(login|app\/)?(\?|$)/.test(incoming.url ?? '') ? html(outgoing) : listen(incoming, outgoing)
}

/** A listener that stands where the panel should, or before it. */
type Front = (incoming: IncomingMessage, outgoing: ServerResponse, panel: RequestListener) => void

/** Looks at a panel on loopback, without TLS. */
async function look(front: Front = (i, o, next) => next(i, o), more: Partial<LibrechatServerOptions> = {}) {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}/`
  const behind = await panel(url, more)
  const server = createServer((incoming, outgoing) => front(incoming, outgoing, behind))
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url, findings: await examine(url) }
}

const wrongs = (findings: readonly Finding[]) =>
  findings.filter(({ state }) => state === 'wrong').map(({ check, message }) => `${check}: ${message}`)
const own = (incoming: IncomingMessage) => incoming.url?.startsWith('/session')

test('a panel as it should be is found in order', async () => {
  const { findings } = await look()
  expect(findings.filter(({ state }) => state !== 'ok')).toEqual([])
  expect([...new Set(findings.map(({ check }) => check))]).toEqual([
    'address',
    'clock',
    'mount',
    'health',
    'caching',
    'answer headers',
    'origin',
    'request headers',
    'cookie',
    'logins',
    'callback',
    'login page',
    'page headers',
  ])
})

test('so is one whose browsers hold the sealed record', async () => {
  const { findings } = await look(undefined, { sealedCookies: true })
  expect(findings.filter(({ state }) => state !== 'ok')).toEqual([])
})

test.each(['/session', '/session/'])(
  'a framework that serves %s alone is as well, as a page finds either',
  async (served) => {
    const { findings } = await look((i, o, next) =>
      i.url !== served && /^\/session\/?$/.test(i.url ?? '')
        ? void o.writeHead(308, { location: served }).end()
        : next(i, o),
    )
    expect(wrongs(findings)).toEqual([])
  },
)

test('U48: one that adds slashes to all paths is not', async () => {
  const { findings } = await look((i, o, next) => {
    if (!own(i)) return next(i, o)
    if (!i.url?.endsWith('/')) return void o.writeHead(308, { location: `${i.url}/` }).end()
    i.url = i.url === '/session/' ? i.url : i.url.slice(0, -1)
    next(i, o)
  })
  expect(wrongs(findings)).toEqual([
    expect.stringMatching(
      /^health: .*Switch off the option that adds slashes \(`trailingSlash` in Next\.js\) below/,
    ),
    expect.stringMatching(/^request headers: .*Switch off the option that adds slashes/),
  ])
})

/** What newcomers met, each behind a real server, and what is said of it alone. */
const fronts: readonly [string, Front, RegExp][] = [
  ['nothing is mounted', (_, o) => void o.writeHead(404).end('Cannot GET'), /^mount: .* nothing answers/],
  [
    'the fallback for pages answers (U48)',
    (i, o, next) => (own(i) ? html(o) : next(i, o)),
    /^mount: .*a page answers, not the session server.*Mount createSessionServer before it/,
  ],
  [
    "Vite's fallback answers",
    (i, o, next) => (own(i) ? html(o, '<script src="/@vite/client"></script>') : next(i, o)),
    /^mount: .*Vite's dev server.*`server\.proxy`/,
  ],
  [
    "Vite's dev server knows no such path",
    (i, o) =>
      own(i) ? void o.writeHead(404).end() : html(o, '<script type="module" src="/@vite/client"></script>'),
    /^mount: .*Vite's dev server.*`server\.proxy`/,
  ],
  [
    "Vite's dev server does not know the name by which it is called",
    (i, o, next) =>
      own(i)
        ? void o
            .writeHead(403, { 'content-type': 'text/plain' })
            .end('Blocked request. This host ("panel.test") is not allowed.')
        : next(i, o),
    /^mount: .*`server\.allowedHosts`/,
  ],
  [
    "Vite's dev server passes on to nobody",
    (i, o, next) =>
      own(i)
        ? void o.writeHead(500, { 'content-type': 'text/plain' }).end()
        : i.url === '/'
          ? html(o, '<script type="module" src="/@vite/client"></script>')
          : next(i, o),
    /^mount: .*does not reach the target of its `server\.proxy`/,
  ],
  [
    'Next.js has the route with one bracket, which is for the paths below',
    (i, o, next) =>
      own(i) ? html(o, '<script src="/_next/static/chunks/main.js"></script>', 404) : next(i, o),
    /^mount: .*`app\/session\/\[\[\.\.\.path\]\]\/route\.ts`/,
  ],
  [
    'Traefik has no router for it',
    (i, o, next) =>
      own(i)
        ? void o.writeHead(404, { 'content-type': 'text/plain; charset=utf-8' }).end('404 page not found\n')
        : next(i, o),
    /^mount: .*such as Traefik, has no route: compare the rule of its router/,
  ],
  [
    'Traefik knows no living server',
    (i, o, next) => (own(i) ? void o.writeHead(503).end('no available server\n') : next(i, o)),
    /^mount: .*a gateway says 503: it does not reach the process/,
  ],
  [
    'Caddy has no site for it',
    (i, o, next) => (own(i) ? void o.writeHead(200, { server: 'Caddy' }).end() : next(i, o)),
    /^mount: .*Caddy answers with nothing.*`reverse_proxy` for \/session/,
  ],
  [
    'slashes lead in a circle (U48)',
    (i, o, next) =>
      own(i) && /^\/session\/?$/.test(i.url ?? '')
        ? void o.writeHead(308, { location: i.url === '/session' ? '/session/' : '/session' }).end()
        : next(i, o),
    /^mount: .*neither is the session server: route both to it/,
  ],
  [
    'an access proxy sends to its own login (U48)',
    (i, o, next) =>
      own(i) ? void o.writeHead(302, { location: 'https://access.test/in?token=s3' }).end() : next(i, o),
    /^mount: .*redirected to https:\/\/access\.test\/in: an access proxy/,
  ],
  [
    'plain http is redirected to https',
    (i, o, next) =>
      own(i) ? void o.writeHead(301, { location: `https://${i.headers.host}${i.url}` }).end() : next(i, o),
    /^mount: .*browsers must open the panel there\. Use https:/,
  ],
  [
    'an access proxy asks for a password',
    (i, o, next) => (own(i) ? void o.writeHead(401, { 'www-authenticate': 'Basic' }).end() : next(i, o)),
    /^mount: .*a proxy in front asks for its own login/,
  ],
  [
    'the application fails (U48)',
    (i, o, next) => (own(i) ? html(o, 'oops', 500) : next(i, o)),
    /^mount: .*the application fails with 500/,
  ],
  [
    'a gateway reaches nobody',
    (i, o, next) => (own(i) ? html(o, 'Bad Gateway', 502) : next(i, o)),
    /^mount: .*a gateway says 502/,
  ],
  [
    'the path is cut off before it arrives',
    (i, o, next) => {
      i.url = i.url?.replace('/session', '')
      return i.url === '/' || i.url === ''
        ? void o.writeHead(404, JSON_TYPE).end('{"error":"not_found"}')
        : next(i, o)
    },
    /^mount: .*has nothing at this path/,
  ],
  [
    'a body parser comes first',
    (i, o, next) =>
      own(i) ? void o.writeHead(500, JSON_TYPE).end('{"error":"body_already_read"}') : next(i, o),
    /^mount: .*before express\.json/,
  ],
  [
    "a path below is another's",
    (i, o, next) => (i.url === '/session/health' ? html(o, 'none', 404) : next(i, o)),
    /^health: .*Let all methods and all paths pass below \/session\//,
  ],
  [
    'the callback is a page of the application',
    (i, o, next) => (i.url?.startsWith('/auth') ? html(o) : next(i, o)),
    /^callback: .*before any fallback for pages/,
  ],
  [
    'there is no login page',
    (i, o, next) => (i.url?.startsWith('/login') ? html(o, 'none', 404) : next(i, o)),
    /^login page: .*`loginPath`/,
  ],
  [
    'the page has no opener policy',
    (i, o, next) => (i.url === '/' ? withPage(o, { 'cross-origin-opener-policy': undefined }) : next(i, o)),
    /^page headers: .*no Cross-Origin-Opener-Policy/,
  ],
  [
    'the page opens windows that may look back',
    (i, o, next) =>
      i.url === '/' ? withPage(o, { 'cross-origin-opener-policy': 'same-origin-allow-popups' }) : next(i, o),
    /^page headers: .*Cross-Origin-Opener-Policy: same-origin-allow-popups/,
  ],
  [
    'the page has no content security policy',
    (i, o, next) => (i.url === '/' ? withPage(o, { 'content-security-policy': undefined }) : next(i, o)),
    /^page headers: .*no Content-Security-Policy/,
  ],
  [
    'the page may frame anything',
    (i, o, next) =>
      i.url === '/'
        ? withPage(o, { 'content-security-policy': "frame-src *; frame-ancestors 'none'" })
        : next(i, o),
    /^page headers: .*frame any site/,
  ],
  [
    'anybody may frame the page',
    (i, o, next) =>
      i.url === '/' ? withPage(o, { 'content-security-policy': "default-src 'self'" }) : next(i, o),
    /^page headers: .*no frame-ancestors/,
  ],
  [
    'the clock of the server is wrong',
    (i, o, next) => {
      if (own(i)) o.setHeader('date', new Date(Date.now() - 600_000).toUTCString())
      return next(i, o)
    },
    /^clock: .*(599|600|601) s behind.*NTP/,
  ],
]

function withPage(outgoing: ServerResponse, more: Record<string, string | undefined>): void {
  const headers = Object.entries({ ...PAGE_HEADERS, ...more }).filter(([, value]) => value !== undefined)
  outgoing.writeHead(200, Object.fromEntries(headers)).end('<!doctype html>')
}

test.each(fronts)('%s', async (_, front, said) => {
  const { findings } = await look(front)
  expect(wrongs(findings)).toEqual([expect.stringMatching(said)])
  expect(JSON.stringify(findings)).not.toContain('s3')
})

test('U21: another origin than `publicUrl`', async () => {
  const { findings } = await look(undefined, { publicUrl: 'https://admin.example.com/' })
  expect(wrongs(findings)).toContainEqual(
    expect.stringMatching(
      /^origin: .*`publicUrl` is https:\/\/admin\.example\.com: .*Set `publicUrl` to http/,
    ),
  )
})

test('127.0.0.1 in the browser, localhost in `publicUrl`', async () => {
  const port = await freePort()
  const behind = await panel(`http://localhost:${port}/`)
  const server = createServer(behind)
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  expect(wrongs(await examine(`http://127.0.0.1:${port}/`))).toEqual([
    expect.stringMatching(/^origin: .*two hosts with separate cookies\. Open http:\/\/localhost:/),
  ])
  expect(wrongs(await examine(`http://[::1]:${port}/`))).toEqual([
    expect.stringMatching(/^address: Nothing listens at http:\/\/\[::1\]:\d+, but a server listens at http/),
  ])
})

test('nobody is there', async () => {
  const port = await freePort()
  expect(wrongs(await examine(`http://127.0.0.1:${port}/`))).toEqual([
    expect.stringMatching(/^address: .*nothing listens there/),
  ])
  expect(wrongs(await examine('https://doctor.invalid/'))).toEqual([
    expect.stringMatching(/^address: .*(this host name is unknown|DNS server)/),
  ])
})

test('a server that never answers', async () => {
  const { url } = await onPort(() => {})
  expect(wrongs(await examine(url, { timeoutMs: 50 }))).toEqual([
    expect.stringMatching(/^address: .*no complete answer came in time/),
  ])
})

test('the store is away, and a login did not work', async () => {
  const away = async () => {
    throw new Error('away')
  }
  const { findings } = await look(undefined, { store: { read: away, compareAndSet: away, keysOf: away } })
  expect(wrongs(findings)).toContainEqual(expect.stringMatching(/^health: The store .* does not answer/))
})

test.each([
  'admin.example.com',
  'ftp://admin.example.com/',
  'https://a:b@admin.example.com/',
  'https://x.test/?a=b',
])('%s is no address of a panel', async (address) => {
  await expect(examine(address)).rejects.toThrow(/^The address must be that of `publicUrl`/)
})

describe.skipIf(!hasNginx)('behind nginx, over https', () => {
  const folder = mkdtempSync(join(tmpdir(), 'doctor-'))
  const before = tls.getCACertificates('default')
  beforeAll(() => {
    execFileSync(
      'openssl',
      [
        ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost'],
        ...[
          '-addext',
          'subjectAltName=IP:127.0.0.1',
          '-keyout',
          join(folder, 'key'),
          '-out',
          join(folder, 'cert'),
        ],
      ],
      { stdio: 'ignore' },
    )
    tls.setDefaultCACertificates([...before, readFileSync(join(folder, 'cert'), 'utf8')])
  })
  afterAll(() => {
    tls.setDefaultCACertificates(before)
    rmSync(folder, { recursive: true })
  })

  /** Looks at a panel under `base` behind nginx, whose `server` has `lines` besides and whose `location` has `inside`. */
  async function behind(inside: string, base = '/', more: { readonly publicUrl?: string } = {}) {
    const port = await freePort()
    const url = `https://127.0.0.1:${port}${base}`
    const { url: upstream } = await onPort(await panel(more.publicUrl ?? url))
    await startNginx(
      `server { listen 127.0.0.1:${port} ssl; ssl_certificate ${folder}/cert; ssl_certificate_key ${folder}/key;
        location / { proxy_pass ${upstream}; ${inside} } }`,
      port,
    )
    return { port, findings: await examine(url) }
  }

  test('a panel as it should be is found in order, under a path too', async () => {
    for (const base of ['/', '/app/']) {
      const { findings } = await behind('', base)
      expect(findings.filter(({ state, check }) => state !== 'ok' && check !== 'login page')).toEqual([])
    }
  })

  test.each([
    ['Cookie is stripped', 'proxy_set_header Cookie "";', /^cookie: .*a proxy removes Cookie/],
    ['Set-Cookie is stripped', 'proxy_hide_header Set-Cookie;', /^cookie: .*no Set-Cookie arrives/],
    ['Origin is stripped', 'proxy_set_header Origin "";', /^origin: .*removes Origin/],
    ['X-CSRF is stripped', 'proxy_set_header X-CSRF "";', /^request headers: .*got no header x-csrf/],
    [
      'Sec-Fetch-Site is replaced',
      'proxy_set_header Sec-Fetch-Site cross-site;',
      /^mount: .*Sec-Fetch-Site: cross-site/,
    ],
    ['HttpOnly is lost', 'proxy_cookie_flags ~ nohttponly;', /^cookie: .*has lost HttpOnly/],
    ['Secure is lost', 'proxy_cookie_flags ~ nosecure;', /^cookie: .*has lost Secure/],
    ['SameSite is another', 'proxy_cookie_flags ~ samesite=none;', /^cookie: .*is not SameSite=Lax/],
    ['the path of cookies is another', 'proxy_cookie_path / /admin/;', /^cookie: .*has the Path \/admin\//],
    [
      'answers may be stored',
      'proxy_hide_header Cache-Control; add_header Cache-Control "public, max-age=60" always;',
      /^caching: .*public, max-age=60 arrived/,
    ],
    ['a cache answers', 'add_header Age 5 always;', /^caching: .*comes from a cache/],
    [
      'headers of answers are taken off',
      'proxy_hide_header Vary; proxy_hide_header X-Content-Type-Options;',
      /^answer headers: .*: vary, x-content-type-options\./,
    ],
    ['only reads may pass', 'limit_except GET { deny all; }', /^request headers: .*POST .*403/],
    [
      'a 401 becomes a page of nginx',
      'proxy_intercept_errors on; error_page 401 @nobody; } location @nobody { return 401;',
      /^mount: .*`proxy_intercept_errors` off/,
    ],
    [
      'a 401 becomes a way to the login',
      'proxy_intercept_errors on; error_page 401 = @nobody; } location @nobody { return 302 /login;',
      /^mount: .*redirected to .*\/login.*`proxy_intercept_errors`/,
    ],
    [
      'the session is not passed on',
      '} location /session { root /nonexistent;',
      /^mount: .*nginx itself answers 404: give it a `location` for \/session/,
    ],
  ])('%s', async (_, inside, said) => {
    const { findings } = await behind(inside)
    expect(wrongs(findings)).toEqual([expect.stringMatching(said)])
  })

  test('TLS ends there, and `publicUrl` says http', async () => {
    const port = await freePort()
    const publicUrl = `http://127.0.0.1:${port}/`
    const { url: upstream } = await onPort(await panel(publicUrl))
    await startNginx(
      `server { listen 127.0.0.1:${port} ssl; ssl_certificate ${folder}/cert; ssl_certificate_key ${folder}/key;
        location / { proxy_pass ${upstream}; } }`,
      port,
    )
    expect(wrongs(await examine(`https://127.0.0.1:${port}/`))).toEqual([
      expect.stringMatching(/^origin: .*give the scheme that browsers see/),
    ])
  })

  test('the path of `publicUrl` is another', async () => {
    const port = await freePort()
    const { url: upstream } = await onPort(await panel(`https://127.0.0.1:${port}/`))
    await startNginx(
      `server { listen 127.0.0.1:${port} ssl; ssl_certificate ${folder}/cert; ssl_certificate_key ${folder}/key;
        location /app/ { proxy_pass ${upstream}/; } }`,
      port,
    )
    expect(wrongs(await examine(`https://127.0.0.1:${port}/app/`))).toContainEqual(
      expect.stringMatching(
        /^cookie: .*is for the path \/, and the panel is at \/app\/: correct the path of `publicUrl`/,
      ),
    )
  })

  test.each([false, true])(
    'the path of `publicUrl` is removed in front; the server knows: %s',
    async (isPathStripped) => {
      const port = await freePort()
      const publicUrl = `https://127.0.0.1:${port}/app/`
      const { url: upstream } = await onPort(await panel(publicUrl, { isPathStripped }))
      await startNginx(
        `server { listen 127.0.0.1:${port} ssl; ssl_certificate ${folder}/cert; ssl_certificate_key ${folder}/key;
        location /app/ { proxy_pass ${upstream}/; } }`,
        port,
      )
      const said = /^mount: .*removes \/app\/ before the session server sees it: set .*`isPathStripped`/
      const found = wrongs(await examine(publicUrl))
      expect(found).toEqual(isPathStripped ? [] : [expect.stringMatching(said)])
    },
  )

  test('http is asked where https is spoken, and the other way round', async () => {
    const { port } = await behind('')
    expect(wrongs(await examine(`http://127.0.0.1:${port}/`))).toContainEqual(
      expect.stringMatching(/^mount: .*speaks https, and the address says http/),
    )
    const { url } = await onPort((_, outgoing) => void outgoing.end())
    expect(wrongs(await examine(url.replace('http', 'https')))).toEqual([
      expect.stringMatching(/^address: .*the server there speaks http\. Correct the scheme/),
    ])
  })

  test('a certificate of nobody', async () => {
    tls.setDefaultCACertificates(before)
    const { findings } = await behind('')
    tls.setDefaultCACertificates([...before, readFileSync(join(folder, 'cert'), 'utf8')])
    expect(wrongs(findings)).toEqual([expect.stringMatching(/^address: .*its certificate is self-signed/)])
  })
})
