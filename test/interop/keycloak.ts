import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { freePort } from '../../examples/demo/freePort.ts'
import { cache, has, run, serve } from './children.ts'
import { type Found, type Places, SERVER } from './party.ts'

const VERSION = '26.7.3'
const ARTIFACT = `org.keycloak:keycloak-quarkus-dist:${VERSION}:zip`
const PLUGIN = 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1'

/** A realm with our two clients and the user `ada`. */
const realm = (name: string, rotation: object, { page, server }: Places) => ({
  realm: name,
  enabled: true,
  sslRequired: 'none',
  accessTokenLifespan: 300,
  ...rotation,
  clients: [
    {
      clientId: 'panel',
      publicClient: true,
      standardFlowEnabled: true,
      redirectUris: [`${page}callback`],
      // Whose pages may call it (CORS).
      webOrigins: ['+'],
      attributes: { 'post.logout.redirect.uris': page, 'pkce.code.challenge.method': 'S256' },
    },
    {
      clientId: SERVER.id,
      secret: SERVER.secret,
      standardFlowEnabled: true,
      redirectUris: [`${server}${SERVER.callback}`],
      attributes: {
        'post.logout.redirect.uris': server,
        'pkce.code.challenge.method': 'S256',
        'backchannel.logout.url': `${server}${SERVER.backChannel}`,
        'backchannel.logout.session.required': 'true',
      },
    },
  ],
  users: [
    {
      username: 'ada',
      enabled: true,
      email: 'ada@example.com',
      emailVerified: true,
      firstName: 'Ada',
      lastName: 'Lovelace',
      credentials: [{ type: 'password', value: 'correct horse', temporary: false }],
    },
  ],
})

const SETTINGS = [
  { name: 'plain', rotation: {}, setting: 'as it comes: "Revoke Refresh Token" off' },
  {
    name: 'rotating',
    rotation: { revokeRefreshToken: true, refreshTokenMaxReuse: 0 },
    setting: '"Revoke Refresh Token" on, reuse 0',
  },
]

/** Keycloak, out of Maven Central. */
export async function keycloak(places: Places): Promise<Found> {
  const home = `${cache}keycloak-${VERSION}`
  if (!has('java'))
    return { missing: 'Keycloak needs Java 17 or newer: apt-get install openjdk-17-jre-headless' }
  if (!existsSync(home)) {
    if (!has('mvn') || !has('unzip'))
      return { missing: `Keycloak is ${ARTIFACT} in Maven Central: apt-get install maven unzip` }
    run('mvn', ['-q', `${PLUGIN}:copy`, `-Dartifact=${ARTIFACT}`, `-DoutputDirectory=${cache}`])
    run('unzip', ['-q', '-o', `keycloak-quarkus-dist-${VERSION}.zip`])
  }
  mkdirSync(`${home}/data/import`, { recursive: true })
  for (const { name, rotation } of SETTINGS)
    writeFileSync(`${home}/data/import/${name}-realm.json`, JSON.stringify(realm(name, rotation, places)))
  const port = await freePort(0)
  const url = `http://127.0.0.1:${port}`
  const args = ['start-dev', '--import-realm', '--db=dev-mem', `--http-port=${port}`, '--http-host=127.0.0.1']
  const stop = await serve(
    `${home}/bin/kc.sh`,
    args,
    `${url}/realms/rotating/.well-known/openid-configuration`,
  )
  let open = SETTINGS.length
  return {
    parties: SETTINGS.map(({ name, setting }) => ({
      name: `Keycloak ${VERSION}`,
      setting,
      issuer: `${url}/realms/${name}`,
      places,
      redirectUri: `${places.page}callback`,
      postLogoutRedirectUri: places.page,
      scope: 'openid profile email',
      graceMs: 0,
      hasLogoutExp: true,
      stop: async () => {
        open--
        if (open === 0) await stop()
      },
    })),
  }
}
