import type { BodyLimits } from '../base/bodyLimits.ts'
import type { Clock } from '../base/clock.ts'
import type { Fields } from './passedHeaders.ts'

/**
 * Sends a call on to a backend, and resolves when the head of the answer has arrived. It follows no redirect. Without
 * an answer it rejects: with a `TimeoutError` of the platform if the backend was silent for too long.
 */
export type Forward = (url: string, call: ForwardedCall, deadline: HeadDeadline) => Promise<BackendAnswer>

/** A call for the backend. */
export interface ForwardedCall {
  readonly method: string
  /** The headers, by lower-case names. `content-length` goes with a stream of known length. */
  readonly headers: Readonly<Record<string, string>>
  /** Bytes may be sent again. A stream is sent once. */
  readonly body: Uint8Array | ReadableStream<Uint8Array> | null
  /** The trailers of a stream that go with it, by lower-case names. */
  readonly trailers: ReadonlySet<string>
  /** Aborts when the caller has left. */
  readonly signal: AbortSignal
}

/** How long the backend may be silent before the head of its answer, counted from the end of the request. */
export interface HeadDeadline {
  readonly headMs: number
  readonly clock: Clock
}

/** How an answer is passed on. */
export interface PassedAnswer {
  readonly headers: Record<string, string>
  /** Aborts its body. */
  readonly limits: BodyLimits
  /** The trailers of the answer that are passed on, by lower-case names. */
  readonly trailers: ReadonlySet<string>
  /** Whether only a listener of ours gets the answer; it needs no whole `Response`. */
  readonly isLight: boolean
}

/** The backend's answer before its body: the parts of a `Response` that the proxy reads. */
export interface BackendAnswer extends Pick<Response, 'ok' | 'status' | 'type'> {
  readonly headers: Fields
  /** `null`: there is no body. */
  readonly body: Pick<ReadableStream, 'cancel'> | null
  /** The answer for the caller. Call this once, or `cancel`. */
  respond(answer: PassedAnswer): Response
  /** The answer 101 with its connection: the backend accepted the protocol of `upgrade` of the call. */
  readonly handOver?: (headers: Readonly<Record<string, string>>, limits: BodyLimits) => Response
}
