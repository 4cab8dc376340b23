/** Who an identity provider says has logged out. */
export type BackChannelResult =
  | {
      readonly ok: true
      /** Whose sessions end. Without a subject none can be found, and the provider is told so. */
      readonly subject?: string
      readonly sid?: string
      /** Called where the logout could not be carried out: the provider may send the same token again. */
      readonly forget?: () => void
    }
  | { readonly ok: false; readonly reason: string }

/**
 * Judges a back-channel logout request. Its body is in memory already, at most 16 KiB: it may be read in whatever way.
 */
export type BackChannelVerifier = (request: Request) => Promise<BackChannelResult>
