import type { SessionStore, SessionStoreCalls } from '../stores/store.ts'
import { shareRecord } from './sharedRecord.ts'

/**
 * A store of your own for the option `store`: where the record of one session is read and written. It brings the code
 * by which a session lives in a store, so that a page without one does not download it.
 *
 * @example
 * const store = sessionStore({
 *   read: () => database.read('session'),
 *   compareAndSet: (expected, next) => database.replace('session', expected, next),
 * })
 * const session = createSession({ baseUrl, strategies, store })
 */
export const sessionStore = (store: SessionStoreCalls): SessionStore => ({
  read: () => store.read(),
  compareAndSet: (expected, next) => store.compareAndSet(expected, next),
  share: shareRecord,
})
