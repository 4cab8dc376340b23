import type { Bearer, Family, Grant, Provider } from './provider.ts'

/**
 * What became of the refresh token of one request. `ambiguous`: the backend's own words, which may mean anything.
 * `silent`: words of something in between, which prove nothing.
 */
export type Verdict = 'rotated' | 'kept' | 'rejected' | 'ambiguous' | 'silent' | 'refused' | 'unsupported'

export interface Asked {
  readonly method: string
  readonly url: URL
  readonly headers: Headers
  readonly body: string
}

export interface Answer {
  readonly status: number
  readonly headers: Record<string, string>
  readonly body: string
  /** Of a refresh. */
  readonly verdict?: Verdict
  /** What a refresh or a login brought. */
  readonly grant?: Grant
}

export const BASE_URL = 'https://chat.example/'
export const ROUTES = {
  openid: '/api/admin/oauth/refresh',
  cookie: '/api/auth/refresh',
  oauth: '/token',
} as const
export type Route = keyof typeof ROUTES

/** With a password, and with a code that an OpenID login brought. */
export const LOGINS: readonly string[] = ['/api/admin/login/local', '/api/admin/oauth/exchange']

/** Who logs in: `<seat>.<number of the user>.<number of the login>` as an address, or as a code. */
export function loginOf(body: string): {
  readonly seat: number
  readonly user: string
  readonly name: string
} {
  const { email, code = '' } = JSON.parse(body) as { email?: string; code?: string }
  const name = email?.split('@')[0] ?? Buffer.from(code, 'hex').toString().replaceAll('-', '')
  const [seat, user] = name.split('.')
  return { seat: Number(seat), user: `user ${seat}.${user}`, name }
}

/** 64 hexadecimal digits. */
export const codeFor = (name: string): string => Buffer.from(name.padEnd(32, '-')).toString('hex')

export const routeOf = (path: string): Route | undefined =>
  (Object.keys(ROUTES) as Route[]).find((route) => ROUTES[route] === path)

/** The refresh token that a request presents. */
export function tokenOf(route: Route, { headers, body }: Asked): string {
  if (route === 'openid') return (JSON.parse(body) as { refresh_token: string }).refresh_token
  if (route === 'oauth') return new URLSearchParams(body).get('refresh_token') ?? ''
  return /refreshToken=([^;]*)/.exec(headers.get('cookie') ?? '')?.[1] ?? ''
}

const json = (status: number, value: object, more: Partial<Answer> = {}): Answer => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(value),
  ...more,
})

export interface BackendOptions {
  readonly provider: Provider
  readonly lifeMs: number
  readonly wall: () => number
  /** Whether its answers have a `Date`. */
  readonly isDated: boolean
}

/** The backend, as its clients see it: LibreChat's routes, and a token endpoint (RFC 6749, RFC 7009). */
export function createBackend({ provider, lifeMs, wall, isDated }: BackendOptions) {
  const bearerOf = (headers: Headers): Bearer | undefined =>
    provider.bearer((headers.get('authorization') ?? '').replace('Bearer ', ''))

  const userOf = ({ user }: Family) => ({ id: user, name: user })

  function dated(answer: Answer): Answer {
    if (!isDated) return answer
    return { ...answer, headers: { ...answer.headers, date: new Date(wall()).toUTCString() } }
  }

  function renewed(route: Route, grant: Grant): Answer {
    const { bearer, refreshToken, isRotated } = grant
    const more = { grant, verdict: isRotated ? ('rotated' as const) : ('kept' as const) }
    const user = userOf(bearer.family)
    const expiresAt = wall() + (bearer.endsAt - bearer.mintedAt)
    if (route === 'openid') return json(200, { token: bearer.name, refreshToken, user, expiresAt }, more)
    if (route === 'oauth')
      return json(
        200,
        {
          access_token: bearer.name,
          token_type: 'bearer',
          refresh_token: refreshToken,
          expires_in: Math.floor((bearer.endsAt - bearer.mintedAt) / 1_000),
        },
        more,
      )
    const answer = json(200, { token: bearer.name, user: { _id: user.id, name: user.name } }, more)
    const cookie = `refreshToken=${refreshToken}; Path=/; HttpOnly`
    return { ...answer, headers: { ...answer.headers, 'set-cookie': cookie } }
  }

  function refused(route: Route): Answer {
    if (route === 'openid')
      return json(401, { error: 'x', error_code: 'REFRESH_FAILED' }, { verdict: 'ambiguous' })
    if (route === 'oauth') return json(400, { error: 'invalid_grant' }, { verdict: 'rejected' })
    return {
      status: 401,
      headers: { 'content-type': 'text/html' },
      body: 'Refresh token expired or not found for this user',
      verdict: 'rejected',
    }
  }

  return {
    refresh(route: Route, asked: Asked): Answer {
      const grant = provider.refresh(tokenOf(route, asked), lifeMs, wall())
      return dated(grant ? renewed(route, grant) : refused(route))
    },
    /** Also what a login of a page brings, which has made it by itself. */
    login(seat: number, user: string) {
      const { family, bearer, refreshToken } = provider.login(seat, user, lifeMs, wall())
      const expiresAt = wall() + (bearer.endsAt - bearer.mintedAt)
      return { family, bearer, answer: { token: bearer.name, refreshToken, user: userOf(family), expiresAt } }
    },
    /** The login of a server's visitor. */
    admit(asked: Asked): Answer {
      const { seat, user, name } = loginOf(asked.body)
      const { refreshToken, bearer } = provider.login(seat, user, lifeMs, wall(), name)
      const grant = { refreshToken, bearer, isRotated: false }
      return dated(renewed(asked.url.pathname === LOGINS[0] ? 'cookie' : 'openid', grant))
    },
    api(asked: Asked): Answer {
      const bearer = bearerOf(asked.headers)
      const isGood = bearer !== undefined && provider.isGood(bearer)
      return dated(json(isGood ? 200 : 401, isGood ? {} : { message: 'Unauthorized' }))
    },
    /** Ends a grant: LibreChat's logout by its bearer, a provider's revocation by its token. */
    end({ headers, body, url }: Asked): Answer {
      const family =
        url.pathname === '/revoke'
          ? provider.find(new URLSearchParams(body).get('token') ?? '')?.family
          : bearerOf(headers)?.family
      if (!family) return dated(json(401, {}))
      provider.end(family, 'logout')
      return dated(json(200, {}))
    },
  }
}

export type Backend = ReturnType<typeof createBackend>
