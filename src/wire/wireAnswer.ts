/** An answer whose headers have arrived. */
export interface WireAnswer {
  readonly kind: 'answer'
  /** `0` for a redirect that a browser hides. */
  readonly status: number
  readonly headers: Headers
  /** A redirect was followed although that was forbidden, so the answer is not the backend's. */
  readonly redirected: boolean
  /** The body, without a byte order mark; empty if there is a `fault`. */
  readonly text: string
  /** Why the body is not whole. `content`: it is no readable text. */
  readonly fault?: 'timeout' | 'network' | 'size' | 'content'
}
