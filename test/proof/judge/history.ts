import type { SessionStateName } from '../../../machines/session.types.ts'
import type { SessionNotice } from '../../../src/session/notice.ts'

/** What one login started, as the provider knows it. */
export interface Family {
  readonly id: number
  readonly user: string
  readonly startedAt: number
  /** Of the newest refresh token that was issued. */
  index: number
  readonly bearers: Bearer[]
  /** Why the provider has ended it. */
  endedBy?: 'reuse' | 'logout' | 'admin'
  /** Its user has begun to log out, or to log in anew. */
  isLeaving?: boolean
  /** What took its record away. */
  takenBy?: string | undefined
}

export interface Bearer {
  readonly name: string
  readonly family: Family
  readonly number: number
  /** Which refresh token of its family came with it. */
  readonly index: number
  readonly mintedAt: number
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
  /** The provider has replaced the token, whatever its sender has learned. */
  isSpent?: boolean
  /** What came between its sender and what it brought, where something is known to have. */
  readonly lostBy?: string | undefined
  /** Whoever sent it may not have lived to write down what it has learned. */
  readonly isUnkept?: boolean
  /** Its provider was out of order. */
  readonly isOfOutage?: boolean
}

/** What somebody asked a session for. */
export interface Call {
  readonly by: string
  /** `request`: to a server. */
  readonly kind: 'getToken' | 'fetch' | 'refresh' | 'request'
  readonly number: number
  readonly at: number
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

/** What may go wrong with a process or a store, so that what is known to somebody is not known to others. */
export type Trouble =
  | 'crash'
  | 'pause'
  | 'sleep'
  | 'jump'
  | 'storeFails'
  | 'storeSlow'
  | 'ackLost'
  | 'emptied'
  | 'failover'
  | 'persistFailed'

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
  /** `result`: how it ended, in a word, where it is known. */
  | { readonly type: 'settled'; readonly call: Call; readonly result?: string }
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
  /** A logout was confirmed by a server. */
  | { readonly type: 'confirmed'; readonly by: string; readonly family: Family }
  /** A server has served a call in the name of a login. */
  | { readonly type: 'served'; readonly by: string; readonly call: Call; readonly family: Family }
  /** A user finds the session gone. `seenAt`: the last sign of this user. */
  | {
      readonly type: 'lost'
      readonly by: string
      readonly family: Family | undefined
      readonly reason: string
      readonly seenAt: number
    }
  /** A limiter has told a process to wait so long. */
  | { readonly type: 'limited'; readonly by: string; readonly waitMs: number }
  | { readonly type: 'troubled'; readonly what: Trouble }
  /** A server has woken a session from its record. `isEnding`: the process is about to write its end. */
  | { readonly type: 'woke'; readonly by: string; readonly isEnding: boolean }

export type Kind = HistoryEvent['type']
export type Of<K extends Kind> = HistoryEvent & { readonly type: K }
