import type { SessionState } from '../../machines/session.select.ts'
import type { UserIdentity } from '../../machines/session.types.ts'
import type { BaseSession } from '../session/session.ts'
import { accountOf } from './accountOf.ts'

/** The part of a TanStack `QueryClient` that is used. */
export interface QueryClientLike {
  /** Forgets everything. */
  clear(): void
  /** Drops what is under way. */
  cancelQueries(): Promise<void>
  /** Starts what is shown anew. */
  resetQueries(): Promise<void>
  /** Forgets what is not shown. */
  removeQueries(filters: { type: 'inactive' }): void
  /** Where mutations wait. */
  getMutationCache(): { clear(): void }
}

/** TanStack's `onlineManager`. */
export interface OnlineManagerLike {
  /** Takes what says whether one is online. */
  setEventListener(setup: (setOnline: (online: boolean) => void) => () => void): void
}

/** What is tied to the session. */
export interface TanstackQueryOptions {
  /** The client whose cache belongs to the user. */
  readonly queryClient: QueryClientLike
  /**
   * TanStack's `onlineManager`. Given, queries and mutations pause while the session has no bearer and keeps trying,
   * as they do without a network, and go on when it has one. It is one for all clients of a page.
   * @default they are not paused, and fail after the session's `patienceMs`
   */
  readonly onlineManager?: OnlineManagerLike
}

/**
 * Ties a TanStack Query client to a session: at a logout and when somebody else is logged in nothing that was cached stays,
 * and nothing that was under way arrives. A session that expired keeps its cache for the same user's next login.
 * Returns a function that unties them.
 *
 * @example
 * connectQueryClient(session, { queryClient, onlineManager })
 */
export function connectQueryClient(
  session: Pick<BaseSession<UserIdentity>, 'getSnapshot' | 'subscribe'>,
  { queryClient, onlineManager }: TanstackQueryOptions,
): () => void {
  let account = accountOf(session.getSnapshot())
  /** The browser says that the network went away. A login or a renewal since then disproves it. */
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

/** No request can be answered now, and later one may. */
const isWaiting = (state: SessionState<UserIdentity>) =>
  state.isAuthenticated && !state.isUsable && state.state === 'retrying'

function forget(queryClient: QueryClientLike, isSomebodyElse: boolean): void {
  queryClient.cancelQueries().catch(() => {})
  queryClient.getMutationCache().clear()
  if (isSomebodyElse) {
    // What is on the screen loads anew for the new user.
    queryClient.removeQueries({ type: 'inactive' })
    queryClient.resetQueries().catch(() => {})
  } else {
    queryClient.clear()
  }
}
