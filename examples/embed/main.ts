/** The example of a guide, on the reference backend or beside a provider: npm run embed -- react-admin */
import { startBackend } from '../backend/startBackend.ts'
import { freePort } from '../demo/freePort.ts'
import { type EmbedName, names, startEmbed, startOauthEmbed } from './startEmbed.ts'

const LIFE_MS = 60_000

const name = process.argv[2] as EmbedName | 'oauth' | 'oauth-dpop'
const all = [...names, 'oauth', 'oauth-dpop']
if (!all.includes(name) || process.argv.length > 3) {
  console.error(`npm run embed -- ${all.join(' | ')}`)
  process.exit(2)
}

const publicUrl = `http://localhost:${await freePort(4190)}`
const stop =
  name === 'oauth' || name === 'oauth-dpop' ? await startAtProvider(name) : await startAtBackend(name)
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop)

async function startAtProvider(name: 'oauth' | 'oauth-dpop') {
  const isBound = name === 'oauth-dpop'
  const { provider, stop } = await startOauthEmbed(publicUrl, { accessTokenTtl: LIFE_MS / 1000, isBound })
  console.log(`Open ${publicUrl} : the "${name}" example. Its bearers live for ${LIFE_MS / 1000} s.
Sign in as ada at ${provider.issuer}. Ctrl-C stops.`)
  return stop
}

async function startAtBackend(name: EmbedName) {
  const backend = await startBackend({ panelUrl: publicUrl, knobs: { sessionMs: LIFE_MS } })
  const stop = await startEmbed(name, { backendUrl: backend.url, publicUrl })
  const { email, password } = backend.accounts.localAdmin
  console.log(`Open ${publicUrl} : the "${name}" example. Its bearers live for ${LIFE_MS / 1000} s.
Sign in as ${email} with ${password}, or with OpenID as olga. Ctrl-C stops.`)
  return async () => {
    await stop()
    await backend.close()
  }
}
