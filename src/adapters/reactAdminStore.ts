import type { UserIdentity } from '../../machines/session.types.ts'
import { assertHas } from '../base/assertHas.ts'
import { assertSession } from '../base/assertSession.ts'
import type { BaseSession } from '../session/session.ts'
import { accountOf } from './accountOf.ts'

/** The used part of a store of react-admin. */
export interface ReactAdminStoreLike {
  /** Called when the admin is mounted. */
  setup: () => void
  /** Called when the admin is unmounted. */
  teardown: () => void
  /** Reads. */
  getItem: (key: string) => unknown
  /** Writes. */
  setItem: (key: string, value: unknown) => void
  /** Forgets everything. */
  reset: () => void
}

const KEY = 'session.account'

/**
 * The same store of react-admin, which is cleared when another user logs in. The searches, filters and selections of a
 * user never reach another one, even if the first user never logged out.
 *
 * @example
 * const store = reactAdminStore(session, localStorageStore())
 */
export function reactAdminStore<Store extends ReactAdminStoreLike>(
  session: Pick<BaseSession<UserIdentity>, 'getSnapshot' | 'subscribe'>,
  store: Store,
): Store {
  assertSession(session, 'reactAdminStore')
  assertHas(
    store,
    ['getItem', 'setItem', 'reset'],
    'reactAdminStore: the second argument',
    'a store of react-admin: what localStorageStore() returns',
  )
  let stop = () => {}

  function check() {
    const account = accountOf(session.getSnapshot())
    if (account === undefined || store.getItem(KEY) === account) return
    if (store.getItem(KEY) !== undefined) store.reset()
    store.setItem(KEY, account)
  }

  return {
    ...store,
    setup() {
      store.setup()
      check()
      stop = session.subscribe(check)
    },
    teardown() {
      stop()
      store.teardown()
    },
  }
}
