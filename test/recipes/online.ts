import { setTimeout } from 'node:timers/promises'

const ATTEMPTS = 3
const WAIT_MS = 5_000

/** How npm says that the network failed, and not what was asked for. */
const NETWORK =
  /\b(ECONNRESET|ECONNREFUSED|ETIMEDOUT|EAI_AGAIN|ENOTFOUND|ENETUNREACH|EPIPE|ERR_SOCKET_TIMEOUT|E429|E5\d\d)\b|network (request|socket)|socket hang up|fetch failed/

/** Does what needs the registry, once more where the network failed. Any other failure is one at once. */
export async function online(act: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt++)
    try {
      return await act()
    } catch (error) {
      if (attempt === ATTEMPTS || !NETWORK.test((error as Error).message)) throw error
      await setTimeout(WAIT_MS)
    }
}
