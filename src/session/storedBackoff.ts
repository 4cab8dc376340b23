import type { Backoff } from '../../machines/session.types.ts'

/**
 * Converts a backoff from one clock to another by their present readings. If the clock was set back since, no attempt
 * is in the future, and nobody waits longer than before.
 */
export function backoffAt(backoff: Backoff, from: number, to: number): Backoff {
  const { attempts, misconfigured, triedAt, retryAt, heldUntil, rejected } = backoff
  const moved = (instant: number) => instant - Math.max(triedAt, from) + to
  return {
    attempts,
    misconfigured,
    triedAt: moved(triedAt),
    retryAt: moved(retryAt),
    heldUntil: moved(heldUntil),
    ...(rejected && { rejected }),
  }
}

/**
 * The backoff in a stored session; `undefined`: there is none, or it cannot be read, which costs one attempt at most.
 */
export function readBackoff(value: unknown): Backoff | undefined {
  const stored = (value ?? {}) as Partial<Backoff>
  const { attempts, triedAt, retryAt, heldUntil } = stored
  const areNumbers = [triedAt, retryAt, heldUntil].every(Number.isFinite)
  if (!areNumbers || !Number.isSafeInteger(attempts) || (attempts as number) < 0) return undefined
  return { ...(stored as Backoff), misconfigured: stored.misconfigured === true }
}
