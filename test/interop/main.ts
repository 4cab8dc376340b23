/** `npm run interop`: `GET session/auth` behind proxies (`proxies`), and the script against every provider that this machine can have; writes `docs/providers.json`, and with `--publish` the page to look at into `docs/runs`. */
import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { keepRun } from '../runs/keepRun.ts'
import { startSteps } from '../runs/startSteps.ts'
import { hydra } from './hydra.ts'
import { measurePage } from './inPage.ts'
import { keycloak } from './keycloak.ts'
import type { Measured } from './measured.ts'
import { oidcProvider } from './oidcProvider.ts'
import { pageOf } from './pageOf.ts'
import type { Found } from './party.ts'
import { freePlaces } from './places.ts'
import { checkProxies } from './proxies.ts'
import { measure } from './script.ts'
import { measureServer } from './throughServer.ts'

const file = new URL('../../docs/providers.json', import.meta.url)
const kinds = { 'oidc-provider': oidcProvider, keycloak, hydra }
const { values, positionals: wanted } = parseArgs({
  options: { publish: { type: 'boolean', default: false } },
  allowPositionals: true,
})
let failures = wanted.length === 0 || wanted.includes('proxies') ? await checkProxies() : 0
if (wanted.join() === 'proxies') process.exit(failures > 0 ? 1 : 0)
/** What was measured before stays, for a machine that cannot have them all. */
const known: Measured[] = JSON.parse(readFileSync(file, 'utf8'))
const keyOf = ({ provider, setting }: Measured) => `${provider}, ${setting}`
const places = await freePlaces()
const names = Object.keys(kinds).filter((name) => wanted.length === 0 || wanted.includes(name))
const steps = startSteps('interop', names, { unit: 'providers' })

async function tryParties(name: string, start: (typeof kinds)[keyof typeof kinds]): Promise<void> {
  const found: Found = await start(places).catch((error: Error) => ({ missing: `${name}: ${error.message}` }))
  if ('missing' in found) {
    steps.hide()
    console.log(`not here: ${found.missing}`)
    return
  }
  for (const party of found.parties) {
    steps.hide()
    console.log(`${party.name}, ${party.setting}`)
    steps.note(`${party.name}, ${party.setting}`)
    try {
      const measured = {
        ...(await measure(party)),
        ...(await measurePage(party)),
        ...(await measureServer(party)),
      }
      steps.hide()
      console.log(measured)
      const at = known.findIndex((one) => keyOf(one) === keyOf(measured))
      known.splice(at < 0 ? known.length : at, at < 0 ? 0 : 1, measured)
    } catch (error) {
      failures++
      steps.hide()
      console.error('failed:', error)
    } finally {
      await party.stop()
    }
  }
}

for (const [name, start] of Object.entries(kinds))
  if (names.includes(name)) await steps.take(name, () => tryParties(name, start))
steps.end()
writeFileSync(file, `${JSON.stringify(known, null, 2)}\n`)
keepRun('interop', pageOf(known), values.publish)
console.log(`${known.length} settings in docs/providers.json; npm run docs writes docs/providers.md`)
process.exit(failures > 0 ? 1 : 0)
