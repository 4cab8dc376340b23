/** The example of a guide, on the reference backend: npm run embed -- react-admin */
import { startBackend } from '../backend/startBackend.ts'
import { freePort } from '../demo/freePort.ts'
import { type EmbedName, names, startEmbed } from './startEmbed.ts'

const LIFE_MS = 60_000

const name = process.argv[2] as EmbedName
if (!names.includes(name) || process.argv.length > 3) {
  console.error(`npm run embed -- ${names.join(' | ')}`)
  process.exit(2)
}

const publicUrl = `http://localhost:${await freePort(4190)}`
const backend = await startBackend({ panelUrl: publicUrl, knobs: { sessionMs: LIFE_MS } })
const stop = await startEmbed(name, { backendUrl: backend.url, publicUrl })
const { email, password } = backend.accounts.localAdmin
console.log(`Open ${publicUrl} : the "${name}" example. Its bearers live for ${LIFE_MS / 1000} s.
Sign in as ${email} with ${password}, or with OpenID as olga. Ctrl-C stops.`)

for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, async () => {
    await stop()
    await backend.close()
  })
