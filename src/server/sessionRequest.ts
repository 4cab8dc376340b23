/**
 * What of a request tells whose it is: its headers. Frameworks that render on a server often show no more
 * (`{ headers: await headers() }` in Next.js); with `url`, which is absolute, and `method` a whole `Request` says which login it is for.
 */
export type SessionRequest = Pick<Request, 'headers'> & Partial<Pick<Request, 'method' | 'url'>>
