import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { oauthProfiles } from 'xstate-session/oauth'
import type { Measured } from './measured.ts'
import { oidcProvider } from './oidcProvider.ts'
import { freePlaces } from './places.ts'
import { measure } from './script.ts'
import { measureServer } from './throughServer.ts'

const measured = JSON.parse(
  readFileSync(new URL('../../docs/providers.json', import.meta.url), 'utf8'),
) as readonly Measured[]

test('what the page of the providers says of oidc-provider, a run shows', async () => {
  const found = await oidcProvider(await freePlaces())
  const [party] = 'parties' in found ? found.parties : []
  if (!party) throw new Error('oidc-provider is always there')
  try {
    const shown = { ...(await measure(party)), ...(await measureServer(party)) }
    // Who wins a race is chance.
    expect(measured).toContainEqual(expect.objectContaining({ ...shown, race: expect.any(String) }))
  } finally {
    await party.stop()
  }
})

test.each([
  ['oidcProvider', 'oidc-provider'],
  ['keycloak', 'Keycloak'],
  ['hydra', 'Ory Hydra'],
] as const)('the profile %s is what was measured as it comes', (profile, name) => {
  const asItComes = measured.find(
    ({ provider, setting }) => provider.startsWith(name) && setting.startsWith('as it comes'),
  )
  expect(asItComes?.resend).toBe(`'${oauthProfiles[profile].resend}'`)
})
