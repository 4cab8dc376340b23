/** Who an identity provider says has logged out. */
export type BackChannelResult =
  | {
      readonly ok: true
      /** Whose sessions end: all, unless `sid` says which. */
      readonly sub?: string
      /** The provider's own session that has ended. Without `sub` it counts only for a login whose grants bring a `sid`. */
      readonly sid?: string
      /** When the provider said so, by its clock: what was granted later goes on. Milliseconds since the Unix epoch. */
      readonly issuedAt: number
      /** Called where the logout could not be carried out: the provider may send the same token again. */
      readonly forget?: () => void
    }
  | {
      readonly ok: false
      /** For logs. */
      readonly reason: string
      /** Nobody could judge it, for want of the provider's keys: the provider is asked to send it again. */
      readonly isUnavailable?: true
    }

/**
 * Judges a back-channel logout request. Its body is in memory already, at most 16 KiB: it may be read in whatever way.
 */
export interface BackChannelVerifier {
  (request: Request): Promise<BackChannelResult>
  /** Whose tokens it takes. */
  readonly issuer?: string
}
