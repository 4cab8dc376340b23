import { SAME_SITE } from './cookieSlot.ts'

/** A cookie for the browser: as a plain header, and for code that sets cookies by name, value and options. */
export interface ServerCookie {
  /** Its name, prefix included. */
  readonly name: string
  /** Its value; empty to delete it. Its characters need no encoding. */
  readonly value: string
  /** The options of `cookies().set` of Next.js, `cookies.set` of SvelteKit, and `setCookie` of h3 and Hono. */
  readonly options: {
    readonly path: string
    readonly httpOnly: true
    readonly sameSite: 'lax'
    readonly secure: boolean
    /** Seconds; 0 deletes. */
    readonly maxAge: number
    /** Only of cookies that delete a cookie of a sibling domain. */
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
      sameSite: SAME_SITE.toLowerCase() as Lowercase<typeof SAME_SITE>,
      secure: said.has('Secure'),
      maxAge: Number(said.get('Max-Age')),
      ...(domain !== undefined && { domain }),
    },
    header,
  }
}
