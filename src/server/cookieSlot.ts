/** A cookie of this server: how it is read, set and deleted. */
export interface CookieSlot {
  /**
   * Every value that a request brings under its name, in the browser's order, none twice: panels of one host whose paths
   * lie in each other, and sibling domains, set cookies of one name. None of them counts before it was opened.
   */
  values(request: Pick<Request, 'headers'>): readonly string[]
  /** A `Set-Cookie` value. */
  set(value: string, maxAgeMs: number): string
  clear(): string
  /** `Set-Cookie` values that delete what a sibling domain may have set for `pathname`: a cookie of ours has no domain. */
  clearForeign(pathname: string): readonly string[]
}
