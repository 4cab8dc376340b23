import type { Clock } from '../base/clock.ts'
import { orAborted } from '../base/orAborted.ts'
import type { RevokeRequest, SessionStrategy } from './strategy.ts'

const TRIES = 3
const PAUSE_MS = 2_000

/**
 * Ends a grant at the backend, if it offers that, and tries again for as long as an attempt may take. Resolves to
 * whether the grant is known to have ended; never rejects. An answer without a verdict means that the token is alive
 * (RFC 7009 section 2.2.1). `isOver`: no more tries.
 */
export async function revoke(
  strategy: SessionStrategy,
  request: (signal: AbortSignal) => RevokeRequest,
  clock: Clock,
  timeoutMs: number,
  isOver = () => false,
): Promise<boolean> {
  if (!strategy.revoke) return false
  const controller = new AbortController()
  const { signal } = controller
  const disarm = clock.setTimer(() => controller.abort(), timeoutMs, 'foreground')
  let isRevoked = false
  for (let tries = 0; !isRevoked && tries < TRIES && !signal.aborted; tries++) {
    if (tries > 0) await new Promise<void>((resolve) => clock.setTimer(resolve, PAUSE_MS, 'foreground'))
    if (isOver()) break
    isRevoked = await orAborted(attempt(strategy, request(signal)), signal).catch(() => false)
  }
  disarm()
  return isRevoked
}

async function attempt(strategy: SessionStrategy, request: RevokeRequest): Promise<boolean> {
  try {
    return (await strategy.revoke?.(request)) === true
  } catch {
    return false
  }
}
