/** A cookie of this server: reads it, sets it and deletes it. */
export interface CookieSlot {
  /**
   * Every value that a request has under this name, in the browser's order, without repetitions. Panels under nested
   * paths of one host, and sibling domains, may set cookies of one name. A value counts only after it was opened.
   */
  values(request: Pick<Request, 'headers'>): readonly string[]
  /** A `Set-Cookie` value. */
  set(value: string, maxAgeMs: number): string
  clear(): string
  /** `Set-Cookie` values that delete cookies of a sibling domain for `pathname`. Our own cookies have no domain. */
  clearForeign(pathname: string): readonly string[]
}
