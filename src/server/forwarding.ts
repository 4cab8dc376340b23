import type { BodyLimits } from '../base/bodyLimits.ts'
import type { Clock } from '../base/clock.ts'
import type { Fields } from './passedHeaders.ts'

/**
 * Sends a call on to a backend, and resolves when the head of the answer is there. It follows no redirect. Rejects where
 * there is no answer: with a `TimeoutError` of the platform where the backend was silent for too long.
 */
export type Forward = (url: string, call: ForwardedCall, deadline: HeadDeadline) => Promise<BackendAnswer>

/** A call as it goes on. */
export interface ForwardedCall {
  readonly method: string
  /** By names in lower case; `content-length` goes with a stream whose length is known. */
  readonly headers: Readonly<Record<string, string>>
  /** Bytes may be sent again; a stream is sent once. */
  readonly body: Uint8Array | ReadableStream<Uint8Array> | null
  /** Which trailers of a stream go with it, by names in lower case. */
  readonly trailers: ReadonlySet<string>
  /** Aborts when whoever asked has left. */
  readonly signal: AbortSignal
}

/** How long the backend may be silent before the head of its answer, from the end of the request on. */
export interface HeadDeadline {
  readonly headMs: number
  readonly clock: Clock
}

/** How an answer goes on. */
export interface PassedAnswer {
  readonly headers: Record<string, string>
  /** What may break its body off. */
  readonly limits: BodyLimits
  /** Which of its trailers go with it, by names in lower case. */
  readonly trailers: ReadonlySet<string>
  /** Whether it goes to a listener of ours alone, which needs no whole `Response`. */
  readonly isLight: boolean
}

/** The answer of a backend, whose body has not begun: as much of a `Response` as whoever passes it on looks at. */
export interface BackendAnswer extends Pick<Response, 'ok' | 'status' | 'type'> {
  readonly headers: Fields
  /** `null`: there is none. */
  readonly body: Pick<ReadableStream, 'cancel'> | null
  /** The answer for whoever asked. Once, in place of `cancel`. */
  respond(answer: PassedAnswer): Response
  /** The answer 101, with its connection: the backend took up the protocol that `upgrade` of the call names. */
  readonly handOver?: (headers: Readonly<Record<string, string>>, limits: BodyLimits) => Response
}
