import type { ServerNotice } from './notice.ts'

/** The outcome of a refresh, in words. */
export interface TracedOutcome {
  /** `ok`, `refused`, `rejected`, `unknown` or `unsupported`: [Outcomes](../../docs/outcomes.md). */
  readonly kind: string
  /** Of `refused` and `unknown`. */
  readonly cause?: string
  /** Of `rejected`. */
  readonly reason?: string
}

/** A call of the API that the proxy passes on. */
export interface TracedCall {
  /** As it goes on. */
  readonly method: string
  /** The target: absolute, with its query. */
  readonly url: string
}

/**
 * Observes what a server sends, for the option `telemetry`: `openTelemetry` of `xstate-session/opentelemetry` makes
 * one. If it throws or does nothing, nothing else changes.
 */
export interface ServerTelemetry {
  /** `send` sends a refresh; call it at once. `provider`: the strategy that sends. */
  refresh(about: { readonly provider: string }, send: () => Promise<TracedOutcome>): Promise<unknown>
  /**
   * `send` passes a call on, with the headers that it gets; call it at once. It resolves when the head of the answer
   * has arrived.
   */
  call(
    about: TracedCall,
    send: (headers: Readonly<Record<string, string>>) => Promise<{ readonly status: number }>,
  ): Promise<unknown>
  /** Called with every notice of `observe`. */
  note(notice: ServerNotice): void
}
