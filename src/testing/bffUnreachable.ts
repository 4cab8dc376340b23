import type { ModelPlace } from './modelDriver.ts'

const NOTHING_SPENT =
  'What a page sends to its server spends nothing: whatever comes back, or not, it asks again.'
const ALWAYS_BEARER = 'Facts of a server are of a session that has a bearer, and may ask for the next.'
const OVER = 'A page whose session is over asks who is logged in, and not what became of it.'

/** The events and rows that no server and no backend can cause in a page behind its server, and why. */
export const bffUnreachable: Partial<Record<ModelPlace, string>> = {
  'login.inDoubt': NOTHING_SPENT,
  'bearer.acceptedByApi': 'A page behind its server has no bearer, and nobody accepts it.',
  'refresh.misconfigured': 'Whatever stands in the place of the server is an outage to its page.',
  'refresh.unknown': NOTHING_SPENT,
  'refresh.failed': NOTHING_SPENT,
  'refresh.consumed': NOTHING_SPENT,
  'refresh.unsupported': 'That the backend cannot refresh ends the session at the server, as a rejection.',
  'refresh.disabled': 'That the backend does not refresh ends the session at the server, as a rejection.',
  'login.withoutRefresh': ALWAYS_BEARER,
  'refresh.succeededLast': ALWAYS_BEARER,
  'refresh.uselessLast': ALWAYS_BEARER,
  'refresh.shortLived': 'A bearer that ends at once is none to the server: its page is told to come back.',
  'refresh.uselessRenewal': ALWAYS_BEARER,
  'peer.renewedUselessly': ALWAYS_BEARER,
  'peer.renewedUselessLast': ALWAYS_BEARER,
  'caller.asked': 'A page behind its server has no bearer to hand out, and its calls wait for none.',
  'expired: provider.loggedOut': OVER,
  'expired: peer.loggedOut': OVER,
  'expired: peer.renewed': 'What the server has ended it renews no more.',
  'refreshing: session.renewed [isNewerUseless] -> expired':
    'The server counts too, and ends the session before its page would.',
}
