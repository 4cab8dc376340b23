/** A logout that an identity provider reports. */
export type BackChannelResult =
  | {
      readonly ok: true
      /** The user whose sessions end: all of them, unless `sid` names one. */
      readonly sub?: string
      /**
       * The provider's own session that has ended. Without `sub` it counts only for a login whose grants bring a `sid`.
       */
      readonly sid?: string
      /** When the provider sent it, by its clock, milliseconds since the Unix epoch. Later grants stay. */
      readonly issuedAt: number
      /** Called if the logout could not be carried out: the provider may then send the same token again. */
      readonly forget?: () => void
    }
  | {
      readonly ok: false
      /** For logs. */
      readonly reason: string
      /** The provider's keys are missing, so nobody could check the token. The provider must send it again. */
      readonly isUnavailable?: true
    }

/** Checks a back-channel logout request. Its body is in memory, at most 16 KiB, and may be read in any way. */
export interface BackChannelVerifier {
  (request: Request): Promise<BackChannelResult>
  /** The issuer whose tokens it accepts. */
  readonly issuer?: string
}
