import { type AccountName, accounts } from '../backend/accounts.ts'

/** Takes a request of a browser to a server. */
export type Send = (path: string, init: RequestInit) => Promise<Response>

/** A browser with its cookie, and somebody who uses it. */
export interface Visitor {
  readonly name: string
  logIn(): Promise<void>
  /** Calls the API through the panel's server; resolves to the status. */
  call(): Promise<number>
  /** The facts of the session; `null` where there is none. */
  facts(): Promise<{ readonly user: { readonly id: string }; readonly version: number } | null>
}

export function createVisitor(name: string, account: AccountName, send: Send, publicUrl: string): Visitor {
  const cookies = new Map<string, string>()
  const who = accounts[account]

  async function ask(path: string, init: RequestInit = {}): Promise<Response> {
    const cookie = header(cookies)
    const response = await send(path, { redirect: 'manual', ...init, headers: { ...init.headers, cookie } })
    keep(response, cookies)
    return response
  }

  async function logInWithPassword(): Promise<void> {
    const { email, password } = who as { email: string; password?: string }
    const response = await ask('/session/login', {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-csrf': '1', origin: new URL(publicUrl).origin },
      body: JSON.stringify({ email, password }),
    })
    if (response.status !== 200) throw new Error(`login answered ${response.status}`)
  }

  /** From our server to the backend, to the provider, and all the way back. */
  async function logInWithOpenid(): Promise<void> {
    const elsewhere = new Map<string, string>()
    const started = await ask('/session/login/start', {
      method: 'POST',
      headers: { 'x-csrf': '1', origin: new URL(publicUrl).origin },
    })
    if (started.status !== 200) throw new Error(`the start of the login answered ${started.status}`)
    let url = new URL(((await started.json()) as { location: string }).location)
    for (let step = 0; step < 15; step++) {
      const isOurs = url.origin === new URL(publicUrl).origin
      // Choosing the account is what the person at the browser would do.
      if (url.searchParams.has('client_id') && 'sub' in who) url.searchParams.set('login_hint', who.sub)
      const response = isOurs
        ? await ask(`${url.pathname}${url.search}`, { headers: { 'sec-fetch-mode': 'navigate' } })
        : await fetch(url, { redirect: 'manual', headers: { cookie: header(elsewhere) } })
      if (!isOurs) keep(response, elsewhere)
      await response.body?.cancel()
      const location = response.headers.get('location')
      if (location === null) throw new Error(`${url.pathname} answered ${response.status}`)
      url = new URL(location, url)
      if (isOurs && url.pathname === '/') return
    }
    throw new Error('the OpenID login went in circles')
  }

  return {
    name,
    logIn: 'sub' in who ? logInWithOpenid : logInWithPassword,
    async call() {
      const response = await ask('/api/admin/users')
      await response.body?.cancel()
      return response.status
    },
    async facts() {
      const response = await ask('/session/')
      return response.status === 200 ? response.json() : null
    },
  }
}

const header = (cookies: ReadonlyMap<string, string>) =>
  [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')

function keep(response: Response, cookies: Map<string, string>): void {
  for (const line of response.headers.getSetCookie()) {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
    if (value === '') cookies.delete(name)
    else cookies.set(name, value)
  }
}
