import type { Clock } from '../base/clock.ts'
import type { SessionStoreCalls } from '../stores/store.ts'
import { asStored } from './records.ts'

const TIMEOUT_MS = 5_000

/**
 * The same store, whose calls always settle: a call that throws or does not answer in time fails. A read returns a
 * session or none.
 */
export function boundStore(store: SessionStoreCalls, clock: Clock): SessionStoreCalls {
  const settle = async <T>(call: () => Promise<T>) => {
    let disarm = () => {}
    const late = new Promise<never>((_, reject) => {
      const fail = () => reject(new Error('The session store did not answer in time.'))
      disarm = clock.setTimer(fail, TIMEOUT_MS, 'foreground')
    })
    try {
      return await Promise.race([call(), late])
    } finally {
      disarm()
    }
  }
  return {
    read: () => settle(async () => asStored(await store.read())),
    compareAndSet: (expected, next) => settle(() => store.compareAndSet(expected, next)),
  }
}
