import { createHash, randomBytes } from 'node:crypto'
import { type AccountName, accounts } from './accounts.ts'

export interface LoginAnswer {
  readonly token: string
  readonly user: Record<string, unknown> & { readonly id: string; readonly email: string }
}

export interface LocalLogin extends LoginAnswer {
  /** Value of the `refreshToken` cookie. */
  readonly refreshToken: string
  /** `Cookie` header for the cookie routes. */
  readonly cookie: string
}

export interface OpenidLogin extends LoginAnswer {
  readonly refreshToken?: string
  readonly expiresAt?: number
}

export interface LoginFlows {
  /** Logs in with e-mail and password, and with the second factor where the account has one. Throws on refusal. */
  loginLocal(email: string, password: string): Promise<LocalLogin>
  /**
   * Walks the browser's way through the account's provider and callback to the exchange. Throws on refusal.
   * Where accounts share `(sub, iss)` the named one is touched first, so that it is the newest.
   */
  loginOpenid(account: AccountName): Promise<OpenidLogin>
}

export interface LoginFlowsOptions {
  readonly url: string
  readonly panelUrl: string
  readonly touch: (account: AccountName) => void
}

/** A browser's cookies, near enough: all of them go to both loopback servers. */
function createCookieJar() {
  const cookies = new Map<string, string>()
  return {
    header: () => [...cookies].map(([name, value]) => `${name}=${value}`).join('; '),
    keep(response: Response): void {
      for (const line of response.headers.getSetCookie()) {
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
        if (value === '') cookies.delete(name)
        else cookies.set(name, value)
      }
    },
  }
}

async function post(url: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify(body),
    redirect: 'manual',
  })
  // The body stays out of the message: on these routes it may hold a token.
  if (response.status !== 200) throw new Error(`${new URL(url).pathname} answered ${response.status}`)
  return response
}

/** Clients for the two ways to log in, for tests, demos and measurements. */
export function createLoginFlows({ url, panelUrl, touch }: LoginFlowsOptions): LoginFlows {
  /** Follows redirects with cookies until one leads back to the panel, and answers with the code it carries. */
  async function walkBrowser(provider: string, challenge: string, loginHint: string): Promise<string> {
    const jar = createCookieJar()
    let location = new URL(`${url}/api/admin/oauth/${provider}?code_challenge=${challenge}`)
    for (let step = 0; step < 10; step += 1) {
      if (location.href.startsWith(`${panelUrl}/auth/${provider}/callback`)) {
        const code = location.searchParams.get('code')
        if (code) return code
        throw new Error(`OpenID login failed: ${location.searchParams.get('error')}`)
      }
      // Choosing the account is what the person at the browser would do.
      if (location.searchParams.has('client_id')) location.searchParams.set('login_hint', loginHint)
      const response = await fetch(location, { redirect: 'manual', headers: { Cookie: jar.header() } })
      jar.keep(response)
      await response.body?.cancel()
      const next = response.headers.get('location')
      if (!next) throw new Error(`${location.pathname} answered ${response.status}`)
      location = new URL(next, location)
    }
    throw new Error('OpenID login went in circles')
  }

  return {
    async loginLocal(email, password) {
      let response = await post(`${url}/api/admin/login/local`, { email, password })
      let answer = await response.json()
      if (answer.twoFAPending) {
        const account = Object.values(accounts).find((candidate) => candidate.email === email)
        const token = account && 'twoFactorCode' in account ? account.twoFactorCode : ''
        response = await post(`${url}/api/auth/2fa/verify-temp`, { tempToken: answer.tempToken, token })
        answer = await response.json()
      }
      const cookie = response.headers.getSetCookie().find((line) => line.startsWith('refreshToken='))
      if (!cookie) throw new Error('login brought no session')
      const refreshToken = cookie.slice('refreshToken='.length, cookie.indexOf(';'))
      return { ...answer, refreshToken, cookie: `refreshToken=${refreshToken}; token_provider=librechat` }
    },

    async loginOpenid(name) {
      const account = accounts[name]
      if (!('sub' in account)) throw new Error(`${name} is an account without single sign-on`)
      touch(name)
      const verifier = randomBytes(32).toString('hex')
      const challenge = createHash('sha256').update(verifier).digest('hex')
      const code = await walkBrowser(account.provider, challenge, account.sub)
      const origin = new URL(panelUrl).origin
      const response = await post(
        `${url}/api/admin/oauth/exchange`,
        { code, code_verifier: verifier },
        { Origin: origin },
      )
      return response.json()
    },
  }
}
