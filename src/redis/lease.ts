import type { Clock } from '../base/clock.ts'

/** Runs tasks. While one runs, it renews the lease three times in the lease's life. */
export function redisLease(clock: Clock, leaseMs: number) {
  return async <T>(task: () => Promise<T>, renew: () => Promise<unknown>): Promise<T> => {
    let disarm = () => {}
    const beat = () => {
      disarm = clock.setTimer(
        () => {
          renew().catch(() => {})
          beat()
        },
        leaseMs / 3,
        'background',
      )
    }
    beat()
    try {
      return await task()
    } finally {
      disarm()
    }
  }
}
