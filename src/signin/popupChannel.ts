const TAKEN = 'taken'

/**
 * Connects the window of one login with the page that asked for it: a channel of this origin, named by the login's
 * `state`. It carries the callback's address, with a code that is useless without the verifier (RFC 7636). The verifier
 * stays in the page that asked. It never carries a token.
 */
export function createPopupChannel(state: string) {
  const channel = new BroadcastChannel(`xstate-session-${state}`)
  return {
    /** Calls `take` with each message, and tells the window if that was the address. */
    listen(take: (href: string) => boolean): void {
      channel.onmessage = ({ data }: MessageEvent<unknown>) => {
        if (isAddress(data) && take(data)) channel.postMessage(TAKEN)
      }
    },
    /** Hands `href` over; calls `taken` when the page that asked has it. */
    handOver(href: string, taken: () => void): void {
      channel.onmessage = ({ data }: MessageEvent<unknown>) => {
        if (data === TAKEN) taken()
      }
      channel.postMessage(href)
    },
    close: () => channel.close(),
  }
}

/** A message can come from any script of the origin. */
function isAddress(data: unknown): data is string {
  try {
    return new URL(String(data)).href === data
  } catch {
    return false
  }
}
