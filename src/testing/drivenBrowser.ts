/** The cookies and headers of one browser. Several pages may share it. */
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
    /** Opens a page of `origin`. Its requests carry the cookies of the moment in which they are sent. */
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
