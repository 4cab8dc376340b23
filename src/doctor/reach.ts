import { type Finding, findingsOf } from '../base/finding.ts'
import type { Ask } from './ask.ts'

const { wrong } = findingsOf('address')

/** TLS works, but its certificate is not trusted. */
const CERTIFICATE = /CERT|SIGN|ISSUER/

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]']

const selfSigned =
  'its certificate is self-signed, and browsers refuse it; use a certificate of an authority, or name yours in NODE_EXTRA_CA_CERTS'

const FAILURES: Readonly<Record<string, string>> = {
  ENOTFOUND: 'this host name is unknown; check the name and its DNS records',
  EAI_AGAIN: 'the DNS server does not answer; try again, and check the resolver of this machine',
  ECONNREFUSED: 'nothing listens there; start the server, or correct host and port',
  EHOSTUNREACH: 'this machine has no route to that host; check routes and firewalls',
  ENETUNREACH: 'this machine has no route to that network; check routes and firewalls',
  ETIMEDOUT: 'no complete answer came in time; check firewalls, and whether the process hangs',
  CERT_HAS_EXPIRED: 'its certificate has expired; renew it',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another host; get one for this name',
  DEPTH_ZERO_SELF_SIGNED_CERT: selfSigned,
  SELF_SIGNED_CERT_IN_CHAIN: selfSigned,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    'its certificate comes without the chain of its issuer; serve the full chain',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    'this machine does not know the issuer of its certificate; serve the full chain, or name the issuer in NODE_EXTRA_CA_CERTS',
}

/** Why nobody answers at `url`, by Node's `failure`. */
export async function unreached(ask: Ask, url: URL, failure: string): Promise<Finding> {
  const other = new URL(url)
  other.protocol = url.protocol === 'https:' ? 'http:' : 'https:'
  // Without a port the other scheme means another server.
  if (
    url.port &&
    !/^ECONNREFUSED$|^ETIMEDOUT$/.test(failure) &&
    !CERTIFICATE.test(failure) &&
    (await speaks(ask, other))
  )
    return wrong(
      `${url.origin} does not answer, and ${other.origin} does: the server there speaks ${other.protocol.slice(0, -1)}. Correct the scheme, here and in \`publicUrl\`.`,
    )
  if (failure === 'ECONNREFUSED' && LOOPBACK.includes(url.hostname))
    for (const host of LOOPBACK) {
      const twin = new URL(url)
      twin.hostname = host
      if (host !== url.hostname && (await speaks(ask, twin)))
        return wrong(
          `Nothing listens at ${url.origin}, but a server listens at ${twin.origin}. The name may have another address (IPv4 or IPv6) than the server. Use the same name in the browser, in \`publicUrl\`, and for the address that the server listens on.`,
        )
    }
  return wrong(
    `${url.origin} does not answer: ${FAILURES[failure] ?? `the connection failed with ${failure}; check the server that listens there`}.`,
  )
}

/** An untrusted certificate is an answer of TLS too. */
async function speaks(ask: Ask, url: URL): Promise<boolean> {
  const answer = await ask(url)
  return !('failure' in answer) || (url.protocol === 'https:' && CERTIFICATE.test(answer.failure))
}
