import type { SessionState } from '../../machines/session.select.ts'
import type { UserIdentity } from '../../machines/session.types.ts'
import { assertHas } from '../base/assertHas.ts'
import { assertSession } from '../base/assertSession.ts'
import { optionsOf } from '../base/optionsOf.ts'
import type { BaseSession } from '../session/session.ts'
import { accountOf } from './accountOf.ts'

/** The used part of a TanStack `QueryClient`. */
export interface QueryClientLike {
  /** Deletes everything. */
  clear(): void
  /** Drops running requests. */
  cancelQueries(): Promise<void>
  /** Loads the visible data again. */
  resetQueries(): Promise<void>
  /** Deletes data that is not visible. */
  removeQueries(filters: { type: 'inactive' }): void
  /** The waiting mutations. */
  getMutationCache(): { clear(): void }
}

/** TanStack's `onlineManager`. */
export interface OnlineManagerLike {
  /** Takes the function that reports whether the page is online. */
  setEventListener(setup: (setOnline: (online: boolean) => void) => () => void): void
}

/** The parts that are tied to the session. */
export interface TanstackQueryOptions {
  /** The client whose cache belongs to the user. */
  readonly queryClient: QueryClientLike
  /**
   * TanStack's `onlineManager`. With it, queries and mutations pause while the session has no bearer and keeps trying,
   * as they do without a network, and continue when it has one. A page has one for all clients.
   * @default they do not pause, and fail after the session's `patienceMs`
   */
  readonly onlineManager?: OnlineManagerLike
}

/**
 * Ties a TanStack Query client to a session. At a logout, and when another user logs in, the cache is cleared and
 * running requests are dropped. An expired session keeps its cache for the same user's next login. Returns a function
 * that unties them.
 *
 * @example
 * connectQueryClient(session, { queryClient, onlineManager })
 */
export function connectQueryClient(
  session: Pick<BaseSession<UserIdentity>, 'getSnapshot' | 'subscribe'>,
  options: TanstackQueryOptions,
): () => void {
  assertSession(session, 'connectQueryClient')
  const { queryClient, onlineManager } = optionsOf('connectQueryClient', options)
  assertHas(
    queryClient,
    ['clear', 'cancelQueries'],
    'connectQueryClient: `queryClient`',
    'a QueryClient of TanStack Query',
  )
  let account = accountOf(session.getSnapshot())
  /** The browser reports that the network is gone. A later login or renewal disproves it. */
  let isOffline = false
  let tellOnline = () => {}

  onlineManager?.setEventListener((setOnline) => {
    const page = globalThis.window as Window | undefined
    tellOnline = () => setOnline(!isOffline && !isWaiting(session.getSnapshot()))
    const tell = ({ type }: Event) => {
      isOffline = type === 'offline'
      tellOnline()
    }
    page?.addEventListener('online', tell)
    page?.addEventListener('offline', tell)
    tellOnline()
    return () => {
      page?.removeEventListener('online', tell)
      page?.removeEventListener('offline', tell)
    }
  })

  let { epoch, version } = session.getSnapshot()
  const disconnect = session.subscribe((state) => {
    if (state.epoch !== epoch || state.version !== version) isOffline = false
    epoch = state.epoch
    version = state.version
    const known = accountOf(state) ?? (state.state === 'loggedOut' ? undefined : account)
    if (!state.isPending && known !== account) {
      forget(queryClient, known !== undefined)
      account = known
    }
    tellOnline()
  })
  return () => {
    disconnect()
    tellOnline = () => {}
  }
}

/** No request can be answered now, but a later one may be. */
const isWaiting = (state: SessionState<UserIdentity>) =>
  state.isAuthenticated && !state.isUsable && state.state === 'retrying'

function forget(queryClient: QueryClientLike, isSomebodyElse: boolean): void {
  queryClient.cancelQueries().catch(() => {})
  queryClient.getMutationCache().clear()
  if (isSomebodyElse) {
    // The visible data loads again for the new user.
    queryClient.removeQueries({ type: 'inactive' })
    queryClient.resetQueries().catch(() => {})
  } else {
    queryClient.clear()
  }
}
