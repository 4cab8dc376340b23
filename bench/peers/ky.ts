import ky from 'ky'
import type { Peer } from './peer.ts'

/** The hooks that its documentation shows for a 401, with one refresh at a time. */
export const kyHooks: Peer = {
  name: 'ky',
  open({ baseUrl, send, refresh }, start) {
    let { token } = start
    let flight: Promise<string> | undefined
    function renewOnce(): Promise<string> {
      flight ??= refresh().finally(() => {
        flight = undefined
      })
      return flight
    }
    const client = ky.create({
      fetch: send,
      hooks: {
        beforeRequest: [({ request }) => request.headers.set('authorization', `Bearer ${token}`)],
        afterResponse: [
          async ({ request, response, retryCount }) => {
            if (response.status !== 401 || retryCount > 0) return undefined
            token = await renewOnce()
            const headers = new Headers(request.headers)
            headers.set('authorization', `Bearer ${token}`)
            return ky.retry({ request: new Request(request, { headers }), delay: 0 })
          },
        ],
      },
    })
    return { fetch: (path, init) => client(baseUrl + path, init) }
  },
}
