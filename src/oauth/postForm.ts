import type { AuthorizationServer } from 'oauth4webapi'
import { isBrowser } from '#browser'
import { request, type WireResult } from '../wire/request.ts'
import type { Discovery } from './discovery.ts'
import type { Line } from './line.ts'

/** The endpoints at which a client authenticates. */
type FormEndpoint = 'token_endpoint' | 'revocation_endpoint' | 'pushed_authorization_request_endpoint'

/**
 * Posts a form to an endpoint of the provider, as this client (RFC 6749 sections 2.3 and 3.2). Rejects if nothing could
 * be sent: there is no such endpoint, it may not be called, or the client cannot authenticate.
 */
export async function postForm(
  { client, clientAuth, callable }: Discovery,
  provider: AuthorizationServer,
  endpoint: FormEndpoint,
  form: URLSearchParams | Record<string, string>,
  { signal, fetch }: Line,
): Promise<WireResult> {
  // A page has no certificate of its own (RFC 8705 section 5).
  const ofCertificates =
    !isBrowser && client.use_mtls_endpoint_aliases ? provider.mtls_endpoint_aliases?.[endpoint] : undefined
  const url = callable(endpoint, ofCertificates ?? provider[endpoint])
  const body = new URLSearchParams(form)
  const headers = new Headers({
    accept: 'application/json',
    'content-type': 'application/x-www-form-urlencoded;charset=UTF-8',
    // Some gateways refuse a server without this.
    ...(!isBrowser && { 'user-agent': 'xstate-session' }),
  })
  await clientAuth(provider, client, body, headers)
  return request({ url: url.href, method: 'POST', headers, body: String(body), signal, fetch })
}
