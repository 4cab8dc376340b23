import type { RefreshOutcome } from '../session/strategy.ts'

/** What `send` came to. A throw tells nothing of the token. */
export async function sent(send: () => Promise<RefreshOutcome>): Promise<RefreshOutcome> {
  try {
    return await send()
  } catch {
    return { kind: 'unknown', cause: 'internal', answered: false }
  }
}
