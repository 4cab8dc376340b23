import type { SessionState } from '../../machines/session.select.ts'
import type {
  ExpiredReason,
  LoggedOutReason,
  SessionUser,
  UserIdentity,
} from '../../machines/session.types.ts'
import { LONGEST_TIMER_MS } from '../base/durations.ts'
import { optionsOf } from '../base/optionsOf.ts'
import { inProcessCoordinator } from '../coordination/inProcess.ts'
import { readOptions, type SessionOptions } from '../session/options.ts'
import { startSession } from '../session/ports.ts'
import { isTombstone } from '../session/records.ts'
import type { Runtime } from '../session/runtime.ts'
import { memoryStore } from '../stores/memory.ts'
import type { SessionRecord } from '../stores/store.ts'
import { heldUntil, type KeptSession, type RefreshDoubt, recordOf } from './keptSession.ts'

/** The options of a refresher. `baseUrl` and `strategies` are required. */
export interface RefresherOptions<User extends UserIdentity = SessionUser>
  extends Pick<
    SessionOptions<User>,
    | 'baseUrl'
    | 'strategies'
    | 'user'
    | 'attemptTimeoutMs'
    | 'lifetimeMs'
    | 'maxLifetimeMs'
    | 'expiresAtUnit'
    | 'coordinator'
    | 'fetch'
    | 'clock'
    | 'random'
    | 'observe'
    | 'onListenerError'
  > {}

/** The result of a refresh, and what to keep of it. */
export type RefresherResult<User extends UserIdentity = SessionUser> =
  | {
      /** Replace the kept session by these fields, and drop the doubt. */
      readonly kind: 'renewed'
      /** The new bearer. */
      readonly bearer: string
      /** The token for the next refresh: the new one, or the old one if none came. Absent: no refresh will follow. */
      readonly refreshToken?: string
      /** When the bearer ends, milliseconds since the Unix epoch; absent: unknown, only a 401 tells. */
      readonly expiresAt?: number
      /** The user in the answer, else the given one. */
      readonly user: User
    }
  | {
      /**
       * There is no new bearer now, and the session is not over: keep `refreshToken` and `doubt`, and use the bearer
       * until it ends.
       */
      readonly kind: 'later'
      /** When to ask again, milliseconds since the Unix epoch. An earlier call sends nothing. */
      readonly retryAt: number
      /** The token for the next refresh; absent: the backend does not refresh such a session. */
      readonly refreshToken?: string
      /** The facts for the next call. */
      readonly doubt: RefreshDoubt
    }
  | {
      /** The session is over: keep nothing. */
      readonly kind: 'over'
      /** Why. */
      readonly reason: ExpiredReason | LoggedOutReason
    }

/** Refreshes sessions that other code keeps. */
export interface Refresher<User extends UserIdentity = SessionUser> {
  /**
   * Makes one refresh, unless the ledger or `doubt` forbids it. Every failure is a result. It rejects only with
   * `Misconfigured`, for a `kept` that cannot be a session. It goes on when its caller leaves, because a token that was
   * rotated must not be lost.
   */
  refresh(kept: KeptSession): Promise<RefresherResult<User>>
}

/**
 * Refreshes the sessions of code that keeps them itself, for example in a sealed cookie. Each call runs one session for
 * as long as its refresh takes. So the rules of `createSession` apply: the deadline, the identity of the renewed user,
 * the life of the bearer, and when a token may be sent. Create one for the process; concurrent calls with one refresh
 * token share one send.
 *
 * `coordinator`: the default is one for this process. Give a `redisCoordinator` if several processes share the
 * sessions.
 *
 * @throws {Misconfigured} for options that cannot work.
 * @example
 * const refresher = createRefresher({ baseUrl, strategies })
 * const result = await refresher.refresh({ provider: 'openid', user: { id: 'u1' }, bearer: 'old', refreshToken: 'r1' })
 * if (result.kind === 'renewed') console.log(result.user.id, result.expiresAt)
 */
export function createRefresher<User extends UserIdentity = SessionUser>(
  options: RefresherOptions<User>,
): Refresher<User> {
  const { clock, random, coordinator } = optionsOf('createRefresher', options)
  const settings = readOptions({
    ...(options as RefresherOptions<UserIdentity>),
    coordinator: coordinator ?? inProcessCoordinator({ ...(clock && { clock }), ...(random && { random }) }),
    refresh: 'onDemand',
    // The caller has found that a refresh is due.
    leadTimeMs: LONGEST_TIMER_MS,
  })
  return {
    async refresh(kept) {
      const record = recordOf(kept, settings, settings.clock.wall())
      const { doubt } = kept
      const holdsUntil = heldUntil(kept, record, settings.clock.wall())
      if (doubt && holdsUntil) return later(record, doubt)
      const store = memoryStore()
      await store.compareAndSet(null, record)
      let cause = doubt?.cause
      const runtime = startSession({
        ...settings,
        store,
        observe(notice) {
          if (notice.type === 'refreshDeferred') cause = notice.outcome
          return settings.observe?.(notice)
        },
      })
      const state = await landed(runtime)
      const wallOf = (at: number) => at - runtime.session.clock.now() + settings.clock.wall()
      const { refreshable } = runtime.session.actorRef.getSnapshot().context
      runtime.session.dispose()
      const stored = await store.read()
      const { refreshToken, ...rest } = stored && !isTombstone(stored) ? stored : record
      // A token that the backend refuses by policy is deleted everywhere.
      const left = { ...rest, ...(refreshable && refreshToken !== undefined && { refreshToken }) }
      return resultOf<User>(state, left, cause, wallOf)
    },
  }
}

/** Lets the session refresh, if it may, and resolves as soon as it has no running refresh. */
function landed(runtime: Runtime): Promise<SessionState> {
  const { session } = runtime
  let isAsked = false
  return new Promise((resolve) => {
    const look = () => {
      if (session.getSnapshot().isPending) return
      if (!isAsked) {
        isAsked = true
        const at = session.clock.now()
        runtime.send({ type: 'time.checked', at })
        runtime.send({ type: 'refresh.asked', by: 'caller', at })
      }
      const state = session.getSnapshot()
      if (state.state !== 'refreshing') resolve(state)
    }
    session.subscribe(look)
    look()
  })
}

function resultOf<User extends UserIdentity>(
  state: SessionState,
  record: SessionRecord,
  cause: RefreshDoubt['cause'] = 'unsupported',
  wallOf: (at: number) => number,
): RefresherResult<User> {
  if (state.reason !== null) return { kind: 'over', reason: state.reason }
  const { bearer, refreshToken, endsAt, version, doubt: row } = record
  const isRenewed = version > 1
  if (isRenewed && state.state !== 'retrying' && bearer)
    return {
      kind: 'renewed',
      bearer,
      ...(refreshToken !== undefined && { refreshToken }),
      ...(endsAt !== undefined && { expiresAt: endsAt }),
      user: state.user as UserIdentity as User,
    }
  // Without another permitted send, the end of the bearer comes next.
  const retryAt = wallOf(state.retryAt ?? state.expiresAt ?? 0)
  // A renewal without a usable bearer leaves no doubt, but must wait.
  if (isRenewed) return later(record, { cause: 'refused', retryAt })
  return later(record, { cause, retryAt, ...(row && { sends: row }) })
}

const later = ({ refreshToken }: SessionRecord, doubt: RefreshDoubt) => ({
  kind: 'later' as const,
  retryAt: doubt.retryAt,
  ...(refreshToken !== undefined && { refreshToken }),
  doubt,
})
