import { isDevelopment } from '#development'
import { Misconfigured } from '../base/errors.ts'
import type { Line } from '../oauth/line.ts'
import type { DpopKey } from '../oauth/provenClient.ts'
import { createApiCalls } from './apiCalls.ts'
import { createKeys, type WhenNotKept } from './keys.ts'
import { provenFlow } from './provenFlow.ts'
import { type Finding, provenLine } from './provenLine.ts'
import { provenRenewals } from './provenRenewals.ts'
import { createProver, type ProofKey } from './prover.ts'

/** How the key of an application lives in its browsers. */
export interface DpopKeyOptions {
  /** Tells applications of one origin apart, as `name` of `browserOptions`. @default 'xstate-session' */
  readonly name?: string
  /**
   * What a login does if the browser cannot store a key (Lockdown, some private windows). `memory`: the session belongs
   * to this tab and ends with it. `refuse`: the login fails with `key_unavailable`.
   * @default 'memory'
   */
  readonly whenNotKept?: WhenNotKept
}

/**
 * A key for the tokens of a provider (DPoP, RFC 9449). The browser makes it before its first login, stores it in
 * IndexedDB, and never lets it be read. A stolen token is then useless elsewhere. A script that runs in the page can
 * use the key while it runs, and can make proofs for later.
 *
 * Needs the optional peer `oauth4webapi`, 3.3 or newer.
 *
 * @throws Misconfigured for options that cannot work.
 * @example
 * const keycloak = oauthProvider({
 *   server: 'https://id.example.com/realms/staff',
 *   clientId: 'panel',
 *   redirectUri: 'https://panel.example.com/callback',
 *   dpop: dpopKey(),
 * })
 */
export function dpopKey({ name = 'xstate-session', whenNotKept = 'memory' }: DpopKeyOptions = {}): DpopKey {
  if (isDevelopment && (typeof name !== 'string' || name === ''))
    throw new Misconfigured('dpopKey: `name` must be a text.')
  if (isDevelopment && !['memory', 'refuse'].includes(whenNotKept))
    throw new Misconfigured('dpopKey: `whenNotKept` must be "memory" or "refuse".')
  return ({ issuer, client }) => {
    const prover = createProver(client)
    const keys = createKeys(`${name}-dpop`, `${issuer.href} ${client.client_id}`, whenNotKept, prover)
    const who = `The provider at ${issuer.href}`
    const proven = <L extends Line>(line: L, key: ProofKey, found: Finding) =>
      provenLine(line, prover, key, who, found)
    return {
      renewals: (refreshes) => ({
        ...provenRenewals(refreshes, keys, proven),
        send: createApiCalls(keys, prover),
      }),
      flow: (flow) => provenFlow(flow, keys, proven),
    }
  }
}
