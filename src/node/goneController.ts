import type { ServerResponse } from 'node:http'

/** Aborts its signal when the client has left before the whole answer was sent. */
export function goneController(outgoing: ServerResponse): AbortController {
  const gone = new AbortController()
  if (isGone(outgoing)) gone.abort()
  outgoing.once('close', () => {
    if (!outgoing.writableFinished) gone.abort()
  })
  return gone
}

/** Whether the client has left; over HTTP/2 the stream tells. */
export const isGone = (outgoing: ServerResponse): boolean =>
  outgoing.destroyed ||
  (outgoing as { readonly stream?: { readonly destroyed?: boolean } }).stream?.destroyed === true
