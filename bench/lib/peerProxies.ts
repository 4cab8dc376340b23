import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { has, run } from '../../test/interop/children.ts'
import type { ProxySettings } from './startProxies.ts'

/** What was built; outside of what is committed. */
const cache = fileURLToPath(new URL('../../node_modules/.cache/bench/', import.meta.url))

/** How a proxy of somebody else is started. */
export interface PeerProxy {
  readonly command: string
  readonly args: readonly string[]
}

const say = (text: string) => console.error(`  ${text}`)

const APACHE = '/usr/sbin/apache2'
const MODULES = '/usr/lib/apache2/modules'
const PACKAGE = 'libapache2-mod-auth-openidc'
const NEEDED = 'mpm_event authn_core authz_core authz_user headers proxy proxy_http auth_openidc'.split(' ')

/** Apache with mod_auth_openidc, as Debian packages them; installed where this user may do that, else it throws. */
export function apache({ port, target, issuer, clientSecret }: ProxySettings): PeerProxy {
  const isThere = () => existsSync(APACHE) && existsSync(`${MODULES}/mod_auth_openidc.so`)
  const asRoot = process.getuid?.() === 0 ? [] : ['sudo', '-n']
  if (!isThere() && has('apt-get')) {
    const [command = '', ...words] = [...asRoot, 'apt-get']
    try {
      say(`Installing ${PACKAGE} from the system’s packages, which starts no server …`)
      run(command, [...words, 'update'])
      run(command, [...words, 'install', '-y', '--no-install-recommends', PACKAGE])
    } catch (error) {
      say((error as Error).message)
    }
  }
  if (!isThere()) throw new Error(`missing: apt-get install ${PACKAGE}`)
  const folder = `${cache}apache`
  mkdirSync(folder, { recursive: true })
  const url = `http://127.0.0.1:${port}`
  const lines = [
    `ServerRoot ${folder}`,
    'ServerName 127.0.0.1',
    `Listen 127.0.0.1:${port}`,
    `PidFile ${folder}/pid`,
    `ErrorLog ${folder}/log`,
    'LogLevel error',
    ...NEEDED.map((name) => `LoadModule ${name}_module ${MODULES}/mod_${name}.so`),
    'KeepAlive On',
    'MaxKeepAliveRequests 0',
    ...(process.getuid?.() === 0 ? ['User www-data', 'Group www-data'] : []),
    `OIDCProviderMetadataURL ${issuer}/.well-known/openid-configuration`,
    'OIDCClientID panel',
    `OIDCClientSecret "${clientSecret}"`,
    'OIDCPKCEMethod S256',
    'OIDCScope "openid profile email"',
    `OIDCRedirectURI ${url}/callback`,
    'OIDCCryptoPassphrase "a passphrase of at least 32 characters"',
    'OIDCSessionInactivityTimeout 86400',
    '<Location />',
    '  AuthType openid-connect',
    '  Require valid-user',
    // The login here is by a program, which navigates nowhere.
    '  OIDCUnAuthAction auth true',
    '  RequestHeader set Authorization "Bearer %{OIDC_access_token}e"',
    '  RequestHeader unset Cookie',
    '</Location>',
    `ProxyPass /callback !`,
    `ProxyPass / ${target}/`,
  ]
  writeFileSync(`${folder}/conf`, `${lines.join('\n')}\n`)
  return { command: APACHE, args: ['-f', `${folder}/conf`, '-DFOREGROUND'] }
}

const VERSION = '7.15.6'
const MODULE = 'github.com/oauth2-proxy/oauth2-proxy/v7'

/** oauth2-proxy, built out of its Go module, once; throws where that cannot be. Its session is in its cookie, as it comes. */
export function oauth2Proxy({ port, target, issuer, clientSecret }: ProxySettings): PeerProxy {
  const program = `${cache}oauth2-proxy`
  if (!existsSync(program)) {
    if (!has('go')) throw new Error(`it is built from ${MODULE}: apt-get install golang-go`)
    say(`Building ${MODULE}@v${VERSION}, which takes some minutes the first time …`)
    mkdirSync(cache, { recursive: true })
    run('env', [`GOBIN=${cache}`, 'go', 'install', `${MODULE}@v${VERSION}`])
  }
  const url = `http://127.0.0.1:${port}`
  const options = {
    provider: 'oidc',
    'oidc-issuer-url': issuer,
    'client-id': 'panel',
    'client-secret': clientSecret,
    'code-challenge-method': 'S256',
    scope: 'openid profile email',
    'redirect-url': `${url}/oauth2/callback`,
    'http-address': `127.0.0.1:${port}`,
    upstream: `${target}/`,
    'email-domain': '*',
    'insecure-oidc-allow-unverified-email': true,
    'cookie-secret': Buffer.from('a cookie secret of 32 characters').toString('base64'),
    'cookie-secure': false,
    'skip-provider-button': true,
    'pass-access-token': true,
    'request-logging': false,
    'auth-logging': false,
    'standard-logging': false,
  }
  const args = Object.entries(options).map(([name, value]) => `--${name}=${value}`)
  return { command: program, args }
}
