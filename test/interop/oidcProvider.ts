import { createRequire } from 'node:module'
import { startPageProvider } from '../../examples/embed/provider.ts'
import { type Found, type Places, SERVER } from './party.ts'

/** `oidc-provider`, out of npm: always there. */
export async function oidcProvider(places: Places): Promise<Found> {
  const redirectUri = `${places.page}callback`
  const { version } = createRequire(import.meta.url)('oidc-provider/package.json') as { version: string }
  const provider = await startPageProvider({
    redirectUri,
    postLogoutRedirectUri: places.page,
    isPushed: true,
    server: {
      id: SERVER.id,
      secret: SERVER.secret,
      redirectUri: `${places.server}${SERVER.callback}`,
      postLogoutRedirectUri: places.server,
      backChannelUri: `${places.server}${SERVER.backChannel}`,
    },
  })
  return {
    parties: [
      {
        name: `oidc-provider ${version}`,
        setting: 'as it comes: a public client rotates',
        issuer: provider.issuer,
        places,
        redirectUri,
        postLogoutRedirectUri: places.page,
        scope: 'openid profile email offline_access',
        graceMs: 0,
        hasLogoutExp: true,
        stop: provider.close,
      },
    ],
  }
}
