/** How a call of the protocol is sent. */
export interface Line {
  /** The deadline. It is read once for each call. */
  readonly signal: AbortSignal
  /** Absent: the platform's own connection. */
  readonly fetch?: typeof globalThis.fetch | undefined
}
