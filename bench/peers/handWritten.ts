import { LIFE_SECONDS, type Peer } from './peer.ts'

/** What a careful developer writes: one flight, and one retry, which costs no refresh if the bearer is newer already. */
export const handWritten: Peer = {
  name: 'hand-written',
  open({ baseUrl, send, refresh }, start) {
    let { token, endsAt } = start
    let flight: Promise<string> | undefined

    async function renew(): Promise<string> {
      token = await refresh()
      endsAt = Date.now() + LIFE_SECONDS * 1000
      return token
    }
    function renewOnce(): Promise<string> {
      flight ??= renew().finally(() => {
        flight = undefined
      })
      return flight
    }
    async function getToken(): Promise<string> {
      return Date.now() < endsAt ? token : renewOnce()
    }
    function sendWith(bearer: string, path: string, init: RequestInit | undefined): Promise<Response> {
      const headers = new Headers(init?.headers)
      headers.set('authorization', `Bearer ${bearer}`)
      return send(baseUrl + path, { ...init, headers })
    }

    return {
      async fetch(path, init) {
        const used = await getToken()
        const answer = await sendWith(used, path, init)
        if (answer.status !== 401) return answer
        await answer.body?.cancel()
        return sendWith(token === used ? await renewOnce() : token, path, init)
      },
      token: getToken,
    }
  },
}
