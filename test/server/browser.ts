import { accounts } from '../../examples/backend/accounts.ts'

/** A browser's cookies and headers, as far as the server's endpoints are concerned. */
export function browser(handle: (request: Request) => Promise<Response>, origin: string) {
  const cookies = new Map<string, string>()
  /** What its page believes in: the login of these cookies. */
  let believed = { of: '', login: '1' }
  const header = () => [...cookies].map(([n, v]) => `${n}=${v}`).join('; ')

  /** As a page that has just been opened: it looks who is there. */
  async function login(): Promise<string> {
    if (believed.of !== header()) {
      const answer = cookies.size > 0 ? await send('GET', '/session/') : undefined
      const found = answer?.status === 200 ? ((await answer.json()) as { login: string }).login : '1'
      believed = { of: header(), login: found }
    }
    return believed.login
  }

  function keep(response: Response) {
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (/Max-Age=0/.test(line)) cookies.delete(name)
      else cookies.set(name, value)
    }
  }

  async function send(method: string, path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers)
    if (cookies.size > 0) headers.set('cookie', header())
    const response = await handle(new Request(new URL(path, origin), { ...init, method, headers }))
    keep(response)
    return response
  }

  return {
    cookies,
    get: (path: string, init?: RequestInit) => send('GET', path, init),
    login,
    post,
    /** The button of the login page: the browser goes where the answer says, and comes back. */
    openid: (body: object = {}, account?: string) => begun(body).then((at) => navigate(at, account)),
    /** Only that: where the browser is to go. */
    begun,
    navigate,
    elsewhere,
  }

  /** From a page of this origin, which says which login it is for. */
  async function post(path: string, body?: unknown, init: RequestInit = {}): Promise<Response> {
    const isLogin = /\/(login(\/next|\/start)?)$/.test(path)
    return send('POST', path, {
      ...init,
      body: body === undefined ? null : JSON.stringify(body),
      headers: {
        ...(body !== undefined && { 'content-type': 'application/json' }),
        'x-csrf': isLogin ? '1' : await login(),
        origin,
        ...(init.headers as Record<string, string>),
      },
    })
  }

  async function begun(body: object = {}): Promise<string> {
    const headers = 'purpose' in body ? { 'x-csrf': await login() } : {}
    const answer = await post('/session/login/start', body, { headers })
    if (answer.status !== 200) throw new Error(`The start of the login answered ${answer.status}.`)
    return ((await answer.json()) as { location: string }).location
  }

  /** Follows redirects, at this server and at others, until this server answers with something else. */
  async function navigate(
    path: string,
    account: string = accounts.openidAdmin.sub,
  ): Promise<{ response: Response; url: URL }> {
    let url = new URL(path, origin)
    // Nobody can link to it: tests that only want somebody logged in say where the button is.
    if (url.origin === origin && url.pathname === '/session/login/start') {
      const returnTo = url.searchParams.get('returnTo')
      url = new URL(await begun(returnTo === null ? {} : { returnTo }))
    }
    if (url.origin !== origin) url = await elsewhere(url, account)
    const response = await send('GET', url.href, { headers: { 'sec-fetch-mode': 'navigate' } })
    const location = response.headers.get('location')
    return { response, url: location === null ? url : new URL(location, url) }
  }

  /** The way of a browser through backend and provider, until they send it here; without the last step. */
  async function elsewhere(start: URL | string, account: string): Promise<URL> {
    let url = new URL(start)
    const foreign = new Map<string, string>()
    for (let hops = 0; hops < 20 && url.origin !== origin; hops++) {
      // Choosing the account is what the person at the browser would do.
      if (url.searchParams.has('client_id')) url.searchParams.set('login_hint', account)
      const cookie = [...foreign].map(([n, v]) => `${n}=${v}`).join('; ')
      const response = await fetch(url, { redirect: 'manual', headers: { cookie } })
      for (const line of response.headers.getSetCookie()) {
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
        foreign.set(name, value)
      }
      await response.body?.cancel()
      url = new URL(response.headers.get('location') ?? '', url)
    }
    return url
  }
}
