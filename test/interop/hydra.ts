import { once } from 'node:events'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { freePort } from '../../examples/demo/freePort.ts'
import { cache, has, run, serve } from './children.ts'
import { type Found, type Party, type Places, SERVER } from './party.ts'

const VERSION = '2.3.0'
const MODULE = 'github.com/ory/hydra/v2'
/** What Hydra's own go.mod puts in its place. */
const POP = 'github.com/gobuffalo/pop/v6=github.com/ory/pop/v6@v6.2.1-0.20241121111754-e5dfc0f3344b'

/** Ory Hydra, out of its Go module. */
export async function hydra(places: Places): Promise<Found> {
  const program = `${cache}hydra-${VERSION}`
  if (!existsSync(program)) {
    if (!has('go'))
      return {
        missing: `Ory Hydra is built from ${MODULE}@v${VERSION}: apt-get install golang-go (1.22 or newer)`,
      }
    const folder = `${cache}hydra`
    mkdirSync(folder, { recursive: true })
    if (!existsSync(`${folder}/go.mod`)) run('go', ['mod', 'init', 'interop/hydra'], folder)
    run('go', ['get', `${MODULE}@v${VERSION}`], folder)
    run('go', ['mod', 'edit', '-replace', POP], folder)
    run(
      'go',
      ['build', '-mod=mod', '-p', '1', '-tags', 'sqlite,sqlite_omit_load_extension', '-o', program, MODULE],
      folder,
    )
  }
  return {
    parties: [
      await start(program, places, 'as it comes: no grace period', 0),
      await start(program, places, 'a grace period of 3 s', 3_000),
    ],
  }
}

async function start(program: string, places: Places, setting: string, graceMs: number): Promise<Party> {
  const [port, adminPort] = [await freePort(0), await freePort(0)]
  const admin = `http://127.0.0.1:${adminPort}/admin`
  const app = await startLoginApp(admin)
  const issuer = `http://127.0.0.1:${port}`
  const config = `${cache}hydra-${port}.json`
  writeFileSync(
    config,
    JSON.stringify({
      dsn: 'memory',
      log: { level: 'error' },
      serve: {
        public: {
          port,
          host: '127.0.0.1',
          // Whose pages may call it.
          cors: { enabled: true, allowed_origins: [new URL(places.page).origin] },
        },
        admin: { port: adminPort, host: '127.0.0.1' },
      },
      urls: {
        self: { issuer },
        login: `${app.url}/login`,
        consent: `${app.url}/consent`,
        logout: `${app.url}/logout`,
      },
      secrets: { system: ['a secret of at least thirty-two characters'] },
      strategies: { access_token: 'opaque' },
      ...(graceMs > 0 && { oauth2: { grant: { refresh_token: { rotation_grace_period: `${graceMs}ms` } } } }),
    }),
  )
  const stop = await serve(
    program,
    ['serve', 'all', '--dev', '-c', config],
    `http://127.0.0.1:${adminPort}/health/ready`,
  )
  const scope = 'openid profile email offline_access'
  const common = { grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'], scope }
  const clients = [
    {
      client_id: 'panel',
      token_endpoint_auth_method: 'none',
      redirect_uris: [`${places.page}callback`],
      post_logout_redirect_uris: [places.page],
      allowed_cors_origins: [new URL(places.page).origin],
    },
    {
      client_id: SERVER.id,
      client_secret: SERVER.secret,
      token_endpoint_auth_method: 'client_secret_basic',
      redirect_uris: [`${places.server}${SERVER.callback}`],
      post_logout_redirect_uris: [places.server],
      backchannel_logout_uri: `${places.server}${SERVER.backChannel}`,
      backchannel_logout_session_required: true,
    },
  ]
  for (const client of clients) {
    const made = await fetch(`${admin}/clients`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...common, ...client }),
    })
    if (made.status !== 201) throw new Error(`Hydra took no client: ${made.status}`)
  }
  return {
    name: `Ory Hydra ${VERSION}`,
    setting,
    issuer,
    places,
    redirectUri: `${places.page}callback`,
    postLogoutRedirectUri: places.page,
    scope,
    graceMs,
    hasLogoutExp: false,
    async stop() {
      await stop()
      app.close()
    },
  }
}

/** Hydra signs nobody in by itself: this says yes to everything, for ada. */
async function startLoginApp(admin: string) {
  const server = createServer(async ({ url = '/' }, response) => {
    const { pathname, searchParams } = new URL(url, 'http://127.0.0.1')
    const kind = pathname.slice(1)
    const challenge = searchParams.get(`${kind}_challenge`) ?? ''
    const at = (what: string) => `${admin}/oauth2/auth/requests/${kind}${what}?${kind}_challenge=${challenge}`
    const asked = (await (await fetch(at(''))).json()) as { requested_scope?: string[] }
    const body =
      kind === 'consent'
        ? { grant_scope: asked.requested_scope, remember: true, session: { id_token: { name: 'Ada' } } }
        : { subject: 'ada', remember: true, remember_for: 3600 }
    const accepted = await fetch(at('/accept'), {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    const { redirect_to: location = '/' } = (await accepted.json()) as { redirect_to?: string }
    response.writeHead(302, { location }).end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => server.close() }
}
