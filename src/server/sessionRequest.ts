/**
 * The parts of a request that identify its session: its headers. Frameworks that render on a server often have no more
 * (`{ headers: await headers() }` in Next.js). A whole `Request` also has an absolute `url` and a `method`, which name
 * its login.
 */
export type SessionRequest = Pick<Request, 'headers'> & Partial<Pick<Request, 'method' | 'url'>>
