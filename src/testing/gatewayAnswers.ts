/** The answers that a gateway between client and backend gives in place of the backend, by name. */
export type GatewayAnswer = keyof typeof gatewayAnswers

const nginx = (status: number, says: string) => () =>
  new Response(
    `<html>\r\n<head><title>${status} ${says}</title></head>\r\n<body>\r\n<center><h1>${status} ${says}</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n`,
    { status, headers: { server: 'nginx', 'content-type': 'text/html' } },
  )

const plain =
  (status: number, says: string, headers: Record<string, string> = {}) =>
  () =>
    new Response(says, { status, headers: { 'content-type': 'text/plain; charset=utf-8', ...headers } })

/**
 * The answers of gateways, with their own text and headers. None of these gateways has passed the request on. The answer
 * does not prove that: `badGateway` and `gatewayTimeout` also come after the backend has done its work.
 */
export const gatewayAnswers = {
  /** nginx: the backend restarts. */
  badGateway: nginx(502, 'Bad Gateway'),
  /** nginx, an ingress: no backend is ready. */
  unavailable: nginx(503, 'Service Temporarily Unavailable'),
  /** nginx: the backend has not answered in time. */
  gatewayTimeout: nginx(504, 'Gateway Time-out'),
  /** Envoy, Istio: the same case as `unavailable`. */
  noHealthyUpstream: plain(503, 'no healthy upstream', { server: 'envoy' }),
  /** Traefik: it knows no router for this path while the container restarts. */
  noRouter: plain(404, '404 page not found\n', { 'x-content-type-options': 'nosniff' }),
  /** Kong: no route yet. */
  noRoute: () =>
    Response.json(
      { message: 'no Route matched with those values' },
      { status: 404, headers: { server: 'kong' } },
    ),
  /** A load balancer that is still starting. */
  notImplemented: nginx(501, 'Not Implemented'),
  /** An access proxy that does not know the caller. */
  unauthorized: () =>
    new Response('Unauthorized\n', {
      status: 401,
      headers: { 'content-type': 'text/plain; charset=utf-8', 'www-authenticate': 'Basic realm="staff"' },
    }),
  /** Envoy, Istio: a policy of the mesh. */
  denied: plain(403, 'RBAC: access denied', { server: 'envoy' }),
  /** The gateway of AWS: a resource policy, or a firewall. LibreChat gives the same answer to a user who is no admin. */
  forbidden: () =>
    Response.json(
      { message: 'Forbidden' },
      { status: 403, headers: { 'x-amzn-errortype': 'ForbiddenException' } },
    ),
  /** An access proxy in front of everything (forward-auth). It redirects to its login page, which may have the same path. */
  signIn: () =>
    new Response('<a href="/login?rd=%2F">Found</a>.\n\n', {
      status: 302,
      headers: { location: '/login', 'content-type': 'text/html; charset=utf-8' },
    }),
  /** A maintenance page, or the login page of a network, with a success status. */
  portal: () =>
    new Response('<!doctype html><title>Back in a moment</title>', {
      headers: { 'content-type': 'text/html; charset=utf-8' },
    }),
} satisfies Record<string, () => Response>
