import type { Clock } from '../base/clock.ts'
import type { RefreshRequest, SessionStrategy } from '../session/strategy.ts'

/** How long the network may take to answer anything. */
const ANSWER_MS = 5_000

/**
 * A browser's "offline" is only a hint: behind a virtual network it may say so all the time. While it does, a request
 * without a token precedes each refresh. If nobody answers it, no token is sent. Any answer disproves the hint.
 */
export function whileOnline(strategy: SessionStrategy, clock: Clock): SessionStrategy {
  // Each method is bound, because a strategy may be an instance of a class.
  const { kind, needsRefreshToken, resend, revoke, send } = strategy
  return {
    ...(kind !== undefined && { kind }),
    needsRefreshToken,
    ...(resend !== undefined && { resend }),
    async refresh(request) {
      const isReached = navigator.onLine !== false || (await isAnswered(request, clock))
      return isReached ? strategy.refresh(request) : { kind: 'refused', cause: 'network' }
    },
    ...(revoke && { revoke: (request) => revoke.call(strategy, request) }),
    ...(send && { send: (call) => send.call(strategy, call) }),
  }
}

async function isAnswered({ baseUrl, fetch, signal }: RefreshRequest, clock: Clock): Promise<boolean> {
  const controller = new AbortController()
  const giveUp = () => controller.abort()
  const disarm = clock.setTimer(giveUp, ANSWER_MS, 'background')
  signal.addEventListener('abort', giveUp)
  const silence = new Promise<false>((resolve) => {
    controller.signal.addEventListener('abort', () => resolve(false))
  })
  const ask = async () => {
    await (fetch ?? globalThis.fetch)(baseUrl, {
      method: 'HEAD',
      // The backend need not permit this request. Any answer is enough.
      mode: 'no-cors',
      credentials: 'omit',
      cache: 'no-store',
      signal: controller.signal,
    })
    return true
  }
  const isReached = await Promise.race([ask().catch(() => false), silence])
  disarm()
  signal.removeEventListener('abort', giveUp)
  return isReached
}
