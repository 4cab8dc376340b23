/** An answer whose headers arrived. */
export interface WireAnswer {
  readonly kind: 'answer'
  /** `0` for a redirect that a browser hides. */
  readonly status: number
  readonly headers: Headers
  /** Somebody followed a redirect although that was forbidden: the answer is not the backend's. */
  readonly redirected: boolean
  /** The body, without a byte order mark; empty if there is a `fault`. */
  readonly text: string
  /** Why the body is not whole. `content`: it is no text that can be read. */
  readonly fault?: 'timeout' | 'network' | 'size' | 'content'
}
