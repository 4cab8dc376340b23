/** One request as it arrived. Holds no secret: a bearer appears as its hash. */
export interface RequestRecord {
  readonly sequence: number
  /** Backend clock, milliseconds since the Unix epoch. */
  readonly at: number
  readonly method: string
  readonly path: string
  /** `X-Tenant-Id` as sent; absent when the header was. */
  readonly tenant: string | undefined
  readonly authorized: boolean
  readonly bearerHash: string | undefined
  readonly origin: string | undefined
  readonly attemptId: string | undefined
  /** Names of the cookies that came along. */
  readonly cookies: readonly string[]
  /** Status of the answer; absent while there is none. */
  status: number | undefined
}
