/** Who an identity provider says has logged out. */
export type BackChannelResult =
  | {
      readonly ok: true
      readonly subject?: string
      readonly sid?: string
      /** Called where the logout could not be carried out: the provider may send the same token again. */
      readonly forget?: () => void
    }
  | { readonly ok: false; readonly reason: string }

/** Judges a back-channel logout request; it consumes its body. */
export type BackChannelVerifier = (request: Request) => Promise<BackChannelResult>
