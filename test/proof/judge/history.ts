import type { SessionStateName } from '../../../machines/session.types.ts'
import type { SessionNotice } from '../../../src/session/notice.ts'

/** What one login started, as the provider knows it. */
export interface Family {
  readonly id: number
  readonly user: string
  /** Of the newest refresh token that was issued. */
  index: number
  readonly bearers: Bearer[]
}

export interface Bearer {
  readonly name: string
  readonly family: Family
  readonly number: number
  readonly endsAt: number
  /** An answer with 401 has reached somebody. */
  isRejected: boolean
}

/** A refresh token on its way to the provider. */
export interface Send {
  readonly by: string
  readonly token: string
  readonly family: Family
  readonly index: number
  readonly at: number
  /** Unset while it is under way. */
  closedAt?: number
  /** `answered`: the backend's own word, which may mean anything. `unknown`: nobody's, or a gateway's. */
  result?: 'rotated' | 'kept' | 'refused' | 'rejected' | 'consumed' | 'answered' | 'unknown' | 'unsupported'
}

/** What somebody asked a session for. */
export interface Call {
  readonly by: string
  readonly kind: 'getToken' | 'fetch' | 'refresh'
  readonly number: number
  /** Who was logged in, as the session said. */
  readonly user: string | undefined
}

/** What a store holds of a session, as far as it matters here. */
export interface Stored {
  readonly epoch: number
  readonly version: number
  readonly isEnded: boolean
  readonly reason?: string
  readonly token?: string
  readonly bearer?: string
  /** A send that was written down before. `isOpen`: nobody has seen its answer, or it said nothing. */
  readonly intent?: {
    readonly owner: string
    readonly at: number
    readonly isOpen: boolean
    readonly isRejected: boolean
  }
}

/** What the surroundings have seen. Nothing of it comes from the code under test but what it shows to its users. */
export type HistoryEvent =
  /** `token`: the refresh token that came with it. */
  | { readonly type: 'login'; readonly by: string; readonly family: Family; readonly token: string }
  | { readonly type: 'loggedIn'; readonly by: string; readonly family: Family }
  /** `user`: who was logged in, as the session said. */
  | { readonly type: 'logout'; readonly by: string; readonly user: string | undefined }
  | { readonly type: 'sent' | 'closed'; readonly send: Send }
  /** An answer with new tokens reached its process. */
  | {
      readonly type: 'delivered'
      readonly by: string
      readonly family: Family
      readonly token: string
      readonly bearer: Bearer | undefined
    }
  | { readonly type: 'revoked'; readonly token: string }
  | { readonly type: 'called'; readonly call: Call }
  | { readonly type: 'returned'; readonly call: Call; readonly bearer: Bearer }
  | { readonly type: 'settled'; readonly call: Call }
  | {
      readonly type: 'wired'
      readonly by: string
      readonly call: string
      readonly bearer: Bearer
      readonly body: string
    }
  | {
      readonly type: 'answered'
      readonly by: string
      readonly call: string
      readonly bearer: Bearer
      readonly status: number
    }
  | { readonly type: 'told'; readonly by: string; readonly notice: SessionNotice }
  | {
      readonly type: 'moved'
      readonly by: string
      readonly from: SessionStateName
      readonly to: SessionStateName
      readonly reason: string | null
      /** Whose session it is, as it says. */
      readonly user: string | undefined
    }
  | { readonly type: 'failed'; readonly by: string }
  /** A write was done. */
  | {
      readonly type: 'committed'
      readonly by: string
      readonly before: Stored | null
      readonly after: Stored
    }
  /** What is in the store was read. */
  | { readonly type: 'looked'; readonly by: string; readonly stored: Stored | null }
  | { readonly type: 'crashed'; readonly by: string }
  /** A server has woken a session from its record. `isEnding`: the process is about to write its end. */
  | { readonly type: 'woke'; readonly by: string; readonly isEnding: boolean }

export type Kind = HistoryEvent['type']
export type Of<K extends Kind> = HistoryEvent & { readonly type: K }
