import type { SessionFacts, SessionInput } from './session.context.ts'
import type { Sends } from './session.ledger.ts'
import type {
  ExpiredReason,
  LoggedOutReason,
  Position,
  RejectedReason,
  ResendPolicy,
} from './session.types.ts'

interface At {
  /** The instant of the event, on the session's timeline. The chart reads no clock. */
  readonly at: number
}

interface OfFlight extends At, Position {}

/** All events of a session, each with its instant. */
export type SessionEvent =
  | (At & { readonly type: 'session.started'; readonly facts: SessionFacts })
  | (At & { readonly type: 'session.ended'; readonly reason: LoggedOutReason })
  | (At & { readonly type: 'session.renewed'; readonly facts: SessionFacts })
  /** The actor runs on a snapshot whose tokens are not here: the chart starts over with `input`. */
  | (At & { readonly type: 'session.restored'; readonly input: SessionInput })
  | (At & {
      readonly type: 'refresh.asked'
      readonly by: 'caller' | 'user' | 'force'
    })
  | (OfFlight & { readonly type: 'bearer.rejected' })
  /** The first answer other than 401 to a call with this version. Sent once, and again after a 401. */
  | (OfFlight & { readonly type: 'bearer.accepted' })
  | (At & { readonly type: 'time.checked' })
  | (OfFlight & {
      readonly type: 'refresh.refused'
      /** Random, 0 to 1: the jitter of the backoff. */
      readonly roll: number
      /** Until when the backend asked to wait. */
      readonly notBefore?: number
      readonly misconfigured?: boolean
    })
  | (OfFlight & {
      readonly type: 'refresh.unknown'
      /**
       * When the token was sent, because a provider counts its grace window from then.
       * @default at
       */
      readonly sentAt?: number
      readonly roll: number
      readonly notBefore?: number
      readonly resend: ResendPolicy
      /** Whether the backend itself gave this answer. */
      readonly answered: boolean
      /**
       * A coordinator's knowledge of all sends, this one included, and its next permitted send. Absent: the event is
       * about one send of our own.
       */
      readonly row?: Sends & { readonly retryAt: number }
    })
  | (OfFlight & {
      readonly type: 'refresh.rejected'
      readonly reason: RejectedReason
    })
  | (OfFlight & {
      readonly type: 'refresh.unsupported'
      readonly forGood: boolean
    })
  | (At & { readonly type: 'user.changed'; readonly idle: boolean })
  | (At & { readonly type: 'network.restored' })

/** One kind of event. */
export type EventOf<T extends SessionEvent['type']> = Extract<SessionEvent, { type: T }>

/** A notice of a transition, without the version of the session. */
export type TransitionNews =
  | { readonly type: 'refreshed' }
  | { readonly type: 'nearingExpiry' }
  | { readonly type: 'expired'; readonly reason: ExpiredReason }
  | { readonly type: 'loggedOut'; readonly reason: LoggedOutReason }

/** What the chart emits, for `actorRef.on`. No token, no user. */
export type TransitionNotice = Position & TransitionNews
