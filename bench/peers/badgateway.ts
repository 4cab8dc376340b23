import { OAuth2Client, OAuth2Fetch } from '@badgateway/oauth2-client'
import { LIFE_SECONDS, type Peer } from './peer.ts'

/** `OAuth2Fetch`; its `fetch` does what ours here does, with the platform's `fetch` in place of `send`. */
export const badgateway: Peer = {
  name: 'OAuth2Fetch',
  open({ baseUrl, send, refresh }, start) {
    const oauth = new OAuth2Fetch({
      client: new OAuth2Client({ server: baseUrl, clientId: 'bench' }),
      getStoredToken: () => ({ accessToken: start.token, expiresAt: start.endsAt, refreshToken: null }),
      getNewToken: async () => ({
        accessToken: await refresh(),
        expiresAt: Date.now() + LIFE_SECONDS * 1000,
        refreshToken: null,
      }),
      scheduleRefresh: false,
    })
    return {
      fetch: (path, init) => oauth.mw()(new Request(baseUrl + path, init), (request) => send(request)),
      token: () => oauth.getAccessToken(),
    }
  },
}
