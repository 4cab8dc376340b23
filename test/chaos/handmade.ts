/**
 * What people write by hand: the tokens of a session in Redis, a cookie with its id, and a promise that keeps one
 * process from refreshing twice at once. No compare-and-set, no intent, no memory of what was spent. For contrast
 * only; nothing of it is ours.
 */
import { createHash, randomBytes } from 'node:crypto'

/**
 * `naive`: one promise for the whole process, as every browser client has it. `inFlightOnly`: one for each refresh
 * token, forgotten as soon as it settles.
 */
export type Dedupe = 'naive' | 'inFlightOnly'

export interface HandmadeOptions {
  readonly dedupe: Dedupe
  readonly backend: string
  readonly browserBackend: string
  readonly publicUrl: string
  readonly leadTimeMs: number
  readonly attemptTimeoutMs: number
  readonly redis: {
    get(key: string): Promise<string | null>
    set(key: string, value: string): Promise<unknown>
    del(key: string): Promise<unknown>
  }
  /** The number of the session, as its client says it. */
  readonly numberOf: () => string
  readonly now: () => number
  readonly onStored: (key: string, revision: number) => void
}

interface Saved {
  readonly provider: 'openid' | 'local'
  readonly token: string
  readonly refreshToken: string
  readonly userId: string
  readonly expiresAt: number
  readonly revision: number
}

type Answer = Record<string, string | undefined> & { user?: { id: string } }

export function handmade(options: HandmadeOptions) {
  const { backend, publicUrl, leadTimeMs, redis } = options
  const { origin } = new URL(publicUrl)
  const flights = new Map<string, Promise<Saved | undefined>>()

  const from = () => ({ 'x-forwarded-for': options.numberOf() })
  const post = (path: string, headers: Record<string, string>, body?: unknown) =>
    fetch(backend + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...from(), ...headers },
      body: body === undefined ? null : JSON.stringify(body),
      signal: AbortSignal.timeout(options.attemptTimeoutMs),
    })

  async function load(id: string): Promise<Saved | undefined> {
    const text = await redis.get(`session:${id}`)
    const saved = text === null ? undefined : (JSON.parse(text) as Saved)
    if (saved) options.onStored(id, saved.revision)
    return saved
  }

  async function save(id: string, saved: Saved): Promise<Saved> {
    await redis.set(`session:${id}`, JSON.stringify(saved))
    options.onStored(id, saved.revision)
    return saved
  }

  async function savedOf(provider: Saved['provider'], answer: Response, before?: Saved): Promise<Saved> {
    const { token = '', refreshToken, user } = (await answer.json()) as Answer
    const cookie = /refreshToken=([^;]+)/.exec(answer.headers.getSetCookie().join('\n'))?.[1]
    const { exp = 0 } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
    return {
      provider,
      token,
      refreshToken: refreshToken ?? cookie ?? before?.refreshToken ?? '',
      userId: user?.id ?? before?.userId ?? '',
      expiresAt: exp * 1_000,
      revision: (before?.revision ?? 0) + 1,
    }
  }

  /** `undefined`: the session is over. */
  async function renew(id: string, saved: Saved): Promise<Saved | undefined> {
    const { provider, refreshToken, userId } = saved
    const answer =
      provider === 'openid'
        ? await post('/api/admin/oauth/refresh', {}, { refresh_token: refreshToken, user_id: userId })
        : await post('/api/auth/refresh', { cookie: `refreshToken=${refreshToken}` })
    if (answer.status >= 500) throw new Error('The backend is down.')
    if (answer.ok) return save(id, await savedOf(provider, answer, saved))
    await redis.del(`session:${id}`)
    return undefined
  }

  function refresh(id: string, saved: Saved): Promise<Saved | undefined> {
    const key = options.dedupe === 'naive' ? 'the one' : saved.refreshToken
    const flying = flights.get(key)
    if (flying) return flying
    const flight = renew(id, saved).finally(() => flights.delete(key))
    flights.set(key, flight)
    return flight
  }

  async function opened(provider: Saved['provider'], answer: Response, then: Response): Promise<Response> {
    if (!answer.ok) return new Response(null, { status: answer.status })
    const id = randomBytes(16).toString('hex')
    await save(id, await savedOf(provider, answer))
    then.headers.append('set-cookie', `session=${id}; Path=/; HttpOnly`)
    return then
  }

  async function proxied(request: Request, id: string): Promise<Response> {
    let saved: Saved | null | undefined = await load(id)
    if (!saved) return gone()
    if (saved.expiresAt - options.now() < leadTimeMs) {
      const old = saved
      // A backend that is down is no reason to throw a good token away.
      saved = await refresh(id, saved).catch(() => (options.now() < old.expiresAt ? old : null))
      if (saved === null) return new Response(null, { status: 503 })
      if (!saved) return gone('refreshRejected')
    }
    const send = ({ token }: Saved) =>
      fetch(backend + new URL(request.url).pathname, {
        headers: { authorization: `Bearer ${token}`, ...from() },
      })
    const answer = await send(saved)
    if (answer.status !== 401) return answer
    const renewed = await refresh(id, saved)
    return renewed ? send(renewed) : gone('refreshRejected')
  }

  const gone = (reason?: string) => Response.json({ error: 'no_session', reason }, { status: 401 })

  async function answer(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url)
    const cookies = request.headers.get('cookie') ?? ''
    const cookie = (name: string) => new RegExp(`(?:^|; )${name}=([^;]+)`).exec(cookies)?.[1] ?? ''
    switch (pathname) {
      case '/session/login':
        return opened(
          'local',
          await post('/api/admin/login/local', {}, await request.json()),
          Response.json({}),
        )
      case '/session/login/start': {
        const verifier = randomBytes(32).toString('hex')
        const challenge = createHash('sha256').update(verifier).digest('hex')
        const to = `${options.browserBackend}/api/admin/oauth/openid?code_challenge=${challenge}`
        const headers = { 'set-cookie': `verifier=${verifier}; Path=/; HttpOnly` }
        return Response.json({ location: to }, { headers })
      }
      case '/auth/openid/callback': {
        const body = { code: searchParams.get('code'), code_verifier: cookie('verifier') }
        const answer = await post('/api/admin/oauth/exchange', { origin }, body)
        return opened('openid', answer, new Response(null, { status: 302, headers: { location: '/' } }))
      }
      case '/session/logout':
        await redis.del(`session:${cookie('session')}`)
        return Response.json({})
    }
    return proxied(request, cookie('session'))
  }

  return (request: Request): Promise<Response> =>
    answer(request).catch(() => new Response(null, { status: 502 }))
}
