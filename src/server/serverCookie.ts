/** A cookie that the browser is to be given: as plain header, and for whatever sets cookies by name, value and options. */
export interface ServerCookie {
  /** Its name, prefix included. */
  readonly name: string
  /** Its value; empty where it is deleted. Of characters that need no encoding. */
  readonly value: string
  /** What `cookies().set` of Next.js, `cookies.set` of SvelteKit and `setCookie` of h3 and Hono take as options. */
  readonly options: {
    readonly path: string
    readonly httpOnly: true
    readonly sameSite: 'lax'
    readonly secure: boolean
    /** Seconds; 0 deletes. */
    readonly maxAge: number
    /** Of cookies that delete what a sibling domain has planted. */
    readonly domain?: string
  }
  /** The value of a `Set-Cookie` header. */
  readonly header: string
}

/** A `Set-Cookie` line of this server, in parts. */
export function serverCookie(header: string): ServerCookie {
  const [pair = '', ...attributes] = header.split('; ')
  const equals = pair.indexOf('=')
  const said = new Map(
    attributes.map((one): [string, string] => {
      const [name = '', value = ''] = one.split('=')
      return [name, value]
    }),
  )
  const domain = said.get('Domain')
  return {
    name: pair.slice(0, equals),
    value: pair.slice(equals + 1),
    options: {
      path: said.get('Path') ?? '/',
      httpOnly: true,
      sameSite: 'lax',
      secure: said.has('Secure'),
      maxAge: Number(said.get('Max-Age')),
      ...(domain !== undefined && { domain }),
    },
    header,
  }
}
