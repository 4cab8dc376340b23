import { accounts } from '../../examples/backend/accounts.ts'

/** A browser's cookies and headers, as far as the server's endpoints are concerned. */
export function browser(handle: (request: Request) => Promise<Response>, origin: string) {
  const cookies = new Map<string, string>()

  function keep(response: Response) {
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (/Max-Age=0/.test(line)) cookies.delete(name)
      else cookies.set(name, value)
    }
  }

  async function send(method: string, path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers)
    if (cookies.size > 0) headers.set('cookie', [...cookies].map(([n, v]) => `${n}=${v}`).join('; '))
    const response = await handle(new Request(new URL(path, origin), { ...init, method, headers }))
    keep(response)
    return response
  }

  return {
    cookies,
    get: (path: string, init?: RequestInit) => send('GET', path, init),
    /** From a page of this origin. */
    post: (path: string, body?: unknown, init: RequestInit = {}) =>
      send('POST', path, {
        ...init,
        body: body === undefined ? null : JSON.stringify(body),
        headers: {
          'content-type': 'application/json',
          'x-csrf': '1',
          origin,
          ...(init.headers as Record<string, string>),
        },
      }),
    /** Follows redirects, at this server and at others, until this server answers with something else. */
    async navigate(
      path: string,
      account = accounts.openidAdmin.sub,
    ): Promise<{ response: Response; url: URL }> {
      let url = new URL(path, origin)
      const foreign = new Map<string, string>()
      for (let hops = 0; hops < 20; hops++) {
        const isOurs = url.origin === origin
        // Choosing the account is what the person at the browser would do.
        if (url.searchParams.has('client_id')) url.searchParams.set('login_hint', account)
        const response = isOurs
          ? await send('GET', url.href, { headers: { 'sec-fetch-mode': 'navigate' } })
          : await fetch(url, {
              redirect: 'manual',
              headers: { cookie: [...foreign].map(([n, v]) => `${n}=${v}`).join('; ') },
            })
        if (!isOurs)
          for (const line of response.headers.getSetCookie()) {
            const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
            foreign.set(name, value)
          }
        const location = response.headers.get('location')
        if (location === null) return { response, url }
        url = new URL(location, url)
        if (isOurs && url.origin === origin) return { response, url }
      }
      throw new Error('Too many redirects.')
    },
  }
}
