import { createRequire } from 'node:module'
import { startPageProvider } from '../../examples/embed/provider.ts'
import type { Found } from './party.ts'

const HERE = 'http://127.0.0.1:9876/'

/** `oidc-provider`, out of npm: always there. */
export async function oidcProvider(): Promise<Found> {
  const redirectUri = `${HERE}callback`
  const { version } = createRequire(import.meta.url)('oidc-provider/package.json') as { version: string }
  const provider = await startPageProvider({ redirectUri, postLogoutRedirectUri: HERE, isPushed: true })
  return {
    parties: [
      {
        name: `oidc-provider ${version}`,
        setting: 'as it comes: a public client rotates',
        issuer: provider.issuer,
        redirectUri,
        postLogoutRedirectUri: HERE,
        scope: 'openid profile email offline_access',
        graceMs: 0,
        stop: provider.close,
      },
    ],
  }
}
