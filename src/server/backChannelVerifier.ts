/** Who an identity provider says has logged out. */
export type BackChannelResult =
  | { readonly ok: true; readonly subject?: string; readonly sid?: string }
  | { readonly ok: false; readonly reason: string }

/** Judges a back-channel logout request; it consumes its body. */
export type BackChannelVerifier = (request: Request) => Promise<BackChannelResult>
