import type { Position } from '../../machines/session.types.ts'
import type { Clock } from '../base/clock.ts'
import type { SessionStoreCalls, StoredSession } from '../stores/store.ts'
import { asStored } from './records.ts'

const TIMEOUT_MS = 5_000

/**
 * The same store, whose calls always settle: a call that throws or does not answer in time fails. A read returns a
 * session or none.
 */
export class BoundStore implements SessionStoreCalls {
  readonly #store: SessionStoreCalls
  readonly #clock: Clock

  constructor(store: SessionStoreCalls, clock: Clock) {
    this.#store = store
    this.#clock = clock
  }

  read(): Promise<StoredSession | null> {
    return this.#settle(async () => asStored(await this.#store.read()))
  }

  compareAndSet(expected: Position | null, next: StoredSession): Promise<boolean> {
    return this.#settle(() => this.#store.compareAndSet(expected, next))
  }

  async #settle<T>(call: () => Promise<T>): Promise<T> {
    let disarm = () => {}
    const late = new Promise<never>((_, reject) => {
      const fail = () => reject(new Error('The session store did not answer in time.'))
      disarm = this.#clock.setTimer(fail, TIMEOUT_MS, 'foreground')
    })
    try {
      return await Promise.race([call(), late])
    } finally {
      disarm()
    }
  }
}
