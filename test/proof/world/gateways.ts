/** What something in between answers in place of the backend, which sees nothing of it. */
export interface GatewayAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** What its reader knows of the token: a route that is missing has not spent it. */
  readonly fate: 'silent' | 'refused'
}

const page = (status: number, text: string, fate: GatewayAnswer['fate'] = 'silent'): GatewayAnswer => ({
  status,
  headers: { 'content-type': 'text/html' },
  body: `<html><head><title>${text}</title></head><body><center><h1>${text}</h1></center></body></html>`,
  fate,
})

/** What nginx, Traefik, a mesh and an access proxy say while the backend restarts, or in place of it. */
export const GATEWAYS: readonly GatewayAnswer[] = [
  page(502, '502 Bad Gateway'),
  page(503, '503 Service Temporarily Unavailable'),
  page(504, '504 Gateway Time-out'),
  {
    status: 404,
    headers: { 'content-type': 'text/plain; charset=utf-8' },
    body: '404 page not found\n',
    fate: 'refused',
  },
  page(501, '501 Not Implemented', 'refused'),
  page(401, '401 Authorization Required'),
  { status: 403, headers: { 'content-type': 'text/plain' }, body: 'RBAC: access denied', fate: 'silent' },
  { status: 302, headers: { location: 'https://access.example/login' }, body: '', fate: 'silent' },
]
