import type { SessionStrategy } from '../session/strategy.ts'
import type { CodeFlow } from './codeGrant.ts'
import type { ReadOauthOptions } from './oauthOptions.ts'

/** A client that proves its own key with each request (RFC 9449). */
export interface ProvenClient {
  /** Refreshes of tokens that are bound to the key, and calls with these tokens. */
  renewals(refreshes: Renewals): Renewals
  /** Logins whose code and tokens are bound to the key. */
  flow(flow: CodeFlow): CodeFlow
}

type Renewals = Omit<SessionStrategy, 'resend'>

/** The key of a client, as `dpopKey` makes it. */
export type DpopKey = (client: ReadOauthOptions) => ProvenClient
