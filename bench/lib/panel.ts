import { librechatLogin } from 'xstate-session/librechat-login'
import { createSessionServer, type SessionServerOptions } from 'xstate-session/server'

export const BASE_URL = 'http://127.0.0.1'
export const LIFE_MS = 900_000
/** As long as the tokens of a LibreChat with OpenID are. */
const BEARER_CHARS = 700
const REFRESH_CHARS = 500
export const TOKEN_CHARS = BEARER_CHARS + REFRESH_CHARS

let tokens = 0
const token = (chars: number) => String(tokens++).padStart(chars, 'x')

/** A backend that costs next to nothing: it answers logins and refreshes at once, and all else with 200. */
export async function backend(input: string | URL | Request): Promise<Response> {
  const { pathname } = new URL(input instanceof Request ? input.url : input)
  if (!/login|refresh/.test(pathname)) return new Response('{"ok":true}')
  return Response.json(
    {
      token: token(BEARER_CHARS),
      user: { id: 'ada', name: 'Ada', email: 'ada@example.com', role: 'ADMIN' },
    },
    { headers: { 'set-cookie': `refreshToken=${token(REFRESH_CHARS)}; Path=/; HttpOnly; SameSite=Strict` } },
  )
}

/** A panel's server on that backend, with a clock that moves when told. */
export function panel(more: Partial<SessionServerOptions> = {}) {
  let passedMs = 0
  const server = createSessionServer({
    logins: { librechat: librechatLogin({ baseUrl: BASE_URL, rateLimit: false }) },
    publicUrl: BASE_URL,
    secrets: ['a secret of a server, at least 32 characters'],
    lifetimeMs: LIFE_MS,
    idleTimeoutMs: 1e12,
    absoluteLifetimeMs: 1e12,
    revalidateMs: 1e12,
    fetch: (input) => backend(input),
    clock: {
      wall: () => Date.now() + passedMs,
      monotonic: () => performance.now() + passedMs,
      setTimer(fire, delayMs) {
        const timer = setTimeout(fire, delayMs)
        timer.unref()
        return () => clearTimeout(timer)
      },
    },
    ...more,
  })
  return {
    server,
    pass(ms: number) {
      passedMs += ms
    },
    /** Resolves to the cookie of a new session. */
    async login(): Promise<string> {
      const answer = await server.handle(
        new Request(`${BASE_URL}/session/login`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'x-csrf': '1', origin: BASE_URL },
          body: '{"email":"ada@example.com","password":"a long password"}',
        }),
      )
      const [cookie] = answer.headers.getSetCookie()
      if (answer.status !== 200 || !cookie) throw new Error(`Login: ${answer.status}`)
      return cookie.slice(0, cookie.indexOf(';'))
    },
    /** A call of the API; resolves to its status. */
    async call(cookie: string): Promise<number> {
      const answer = await server.handle(new Request(`${BASE_URL}/api/admin/users`, { headers: { cookie } }))
      await answer.text()
      return answer.status
    },
  }
}
