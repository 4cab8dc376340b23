import type { RefreshOutcome } from '../session/strategy.ts'

/** The outcome of `send`. An error says nothing of the token. */
export async function sent(send: () => Promise<RefreshOutcome>): Promise<RefreshOutcome> {
  try {
    return await send()
  } catch {
    return { kind: 'unknown', cause: 'internal', answered: false }
  }
}
