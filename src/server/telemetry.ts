import type { ServerNotice } from './notice.ts'

/** What a refresh came to, in words. */
export interface TracedOutcome {
  /** `ok`, `refused`, `rejected`, `unknown` or `unsupported`: [Outcomes](../../docs/outcomes.md). */
  readonly kind: string
  /** Of `refused` and `unknown`. */
  readonly cause?: string
  /** Of `rejected`. */
  readonly reason?: string
}

/** A call of the API that is passed on. */
export interface TracedCall {
  /** As it goes on. */
  readonly method: string
  /** Where to: absolute, with its query. */
  readonly url: string
}

/**
 * Watches what a server sends, for the option `telemetry`: `openTelemetry` of `xstate-session/opentelemetry` makes one. What
 * it throws, or does not do, changes nothing.
 */
export interface ServerTelemetry {
  /** A refresh is sent by `send`, which is to be called at once. `provider`: which strategy sends. */
  refresh(about: { readonly provider: string }, send: () => Promise<TracedOutcome>): Promise<unknown>
  /**
   * A call is passed on by `send`, which is to be called at once, with headers that go with it. It resolves when the head of
   * the answer is there.
   */
  call(
    about: TracedCall,
    send: (headers: Readonly<Record<string, string>>) => Promise<{ readonly status: number }>,
  ): Promise<unknown>
  /** Everything that `observe` is told. */
  note(notice: ServerNotice): void
}
