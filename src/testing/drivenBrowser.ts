/** The cookies of one browser, and what it says of its pages: several may share it. */
export function drivenBrowser(origin: string) {
  const cookies = new Map<string, string>()

  function keep(response: Response) {
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (/;\s*max-age=0\b/i.test(line)) cookies.delete(name)
      else cookies.set(name, value)
    }
  }

  return {
    /** A page of `origin`. Its requests leave with the cookies that there are when they are sent. */
    open(send: (request: Request) => Promise<Response>) {
      return async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
        const request = new Request(typeof input === 'string' ? new URL(input, origin) : input, init)
        const headers = new Headers(request.headers)
        headers.set('sec-fetch-site', 'same-origin')
        if (request.method !== 'GET') headers.set('origin', origin)
        if (cookies.size > 0) headers.set('cookie', [...cookies].map((pair) => pair.join('=')).join('; '))
        const response = await send(new Request(request, { headers }))
        keep(response)
        return response
      }
    },
  }
}
