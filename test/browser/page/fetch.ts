import ky from 'ky'
import { createSession } from 'xstate-session'
import { openidStrategy } from 'xstate-session/librechat'

/** A session whose first bearer the API of the same server refuses. */
const user = { id: 'ada', email: 'ada@chat.example' }
const base = `${location.origin}/`

async function loggedIn() {
  const session = createSession({ baseUrl: base, strategies: { openid: openidStrategy() } })
  const answer = { token: 'refused', refreshToken: 'R1', user, expiresAt: Date.now() + 900_000 }
  await session.login(answer, { provider: 'openid' })
  return session
}

Object.assign(window, {
  /** Status and body that the API saw at last, and what is left of the caller's `Request`. */
  async sendRequest() {
    const { fetch } = await loggedIn()
    const request = new Request(`${base}api/echo`, { method: 'POST', body: 'payload' })
    const answer = await fetch(request)
    return [answer.status, await answer.text(), request.bodyUsed, await request.text()]
  },
  async sendKy() {
    const { fetch } = await loggedIn()
    const answer = await ky.post(`${base}api/echo`, { json: { a: 1 }, fetch, retry: 0 })
    return [answer.status, await answer.text()]
  },
  async sendStream() {
    const { fetch } = await loggedIn()
    const body = new Blob(['payload']).stream()
    const answer = fetch(`${base}api/echo`, { method: 'POST', body, duplex: 'half' } as RequestInit)
    return answer.then(
      async (it) => [it.status, await it.text()],
      (error) => error.code ?? error.name,
    )
  },
})
