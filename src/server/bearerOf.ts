import type { Position } from '../../machines/session.types.ts'
import { LoggedOut, RefreshUnavailable } from '../base/errors.ts'
import { orAborted } from '../base/orAborted.ts'
import { type BearerSource, createSessionFetch } from '../session/sessionFetch.ts'
import type { SessionRecord } from '../stores/store.ts'
import type { ServerContext } from './context.ts'
import { nameOf } from './entries.ts'
import { type Found, isFound, type Missing } from './foundSession.ts'

/**
 * When the session's record permits the next attempt. Two backoffs do not count: one after a mistake in the
 * configuration, because the session must report it; and one that was written by a clock that has been set back,
 * because it would move on with every read.
 */
function dueOf({ backoff }: SessionRecord, wall: number): number {
  if (!backoff || backoff.misconfigured || backoff.triedAt > wall) return 0
  return Math.max(backoff.retryAt, backoff.heldUntil)
}

/**
 * The bearer of one session for one request. It comes from the record while the record's bearer is fresh and the
 * session rests. Otherwise it comes from the session, which is awake for this time. `canRefresh` false: only from the
 * record. `send` sends the calls that carry it; absent: the option `fetch`.
 */
export function bearerOf(
  found: Found,
  { sessions, settings, api }: Pick<ServerContext, 'sessions' | 'settings' | 'api'>,
  canRefresh = true,
  send?: BearerSource['send'],
) {
  const { clock } = settings
  const { key, session } = found
  const { endsAt = Infinity, lifeMs = Infinity } = session
  const lead = Math.min(settings.leadTimeMs, lifeMs / 2)
  let position: Position = { epoch: session.epoch, version: session.version }
  let bearer = session.bearer
  let isDisputed = false
  /** The record as it was read last. */
  let known = found
  // An awake session knows more than its record: that its bearer was rejected, or that a refresh is in doubt.
  const isAtRest = !sessions.awake.supplyOf(key)
  let freshUntil = bearer === undefined || !isAtRest || session.backoff?.rejected ? 0 : endsAt - lead
  /** When a resting session whose last attempts failed makes the next one. */
  const dueAt = isAtRest ? dueOf(session, clock.wall()) : 0
  if (freshUntil > 0 && dueAt > freshUntil) freshUntil = Math.min(dueAt, endsAt)

  const fresh = () => (bearer !== undefined && clock.wall() < freshUntil ? bearer : undefined)

  function taken(): string {
    if (bearer === undefined) throw new LoggedOut('elsewhere')
    return bearer
  }

  /** No caller waits longer than the patience, and a resting session does nothing before its next attempt is due. */
  function refuseBeforeDue(): void {
    if (dueAt > clock.wall() + settings.patienceMs && !sessions.awake.supplyOf(key))
      throw new RefreshUnavailable(dueAt)
  }

  async function acquire(signal: AbortSignal | null | undefined, isHurried = false): Promise<string> {
    if (!canRefresh || found.isStale) {
      if (bearer !== undefined && clock.wall() < endsAt) return bearer
      throw found.isStale ? new RefreshUnavailable(undefined) : new LoggedOut('elsewhere')
    }
    if (!isHurried) refuseBeforeDue()
    const task = sessions.awake.bearerOf(key, known, isHurried).then((renewed) => {
      bearer = renewed.bearer
      position = renewed.position
      freshUntil = clock.wall() + 1
    })
    await orAborted(task, signal)
    return taken()
  }

  async function replace(
    used: Position,
    rejected: string,
    signal: AbortSignal | null | undefined,
  ): Promise<string | undefined> {
    if (!canRefresh) return undefined
    if (found.isStale) throw new RefreshUnavailable(undefined)
    // The record knows already that this bearer is rejected.
    if (isDisputed) refuseBeforeDue()
    // The session goes on refreshing if the caller leaves.
    const task = sessions.awake.use(key, known, async ({ supply }) => {
      const newer = await supply.replace(used, rejected, undefined)
      // Without a newer bearer this throws the reason, unless the session keeps the rejected one for good.
      if (newer === undefined) supply.take(used.epoch)
      else {
        bearer = newer
        position = supply.position()
      }
      return newer
    })
    return orAborted(task, signal)
  }

  /** If one route rejected the bearer and nothing can renew it now, the other routes still get it (U34). */
  function disputed(): string | undefined {
    if (!canRefresh) return undefined
    const awake = sessions.awake.supplyOf(key)
    const now = clock.wall()
    const isRejected = session.backoff?.rejected === true && now < Math.min(dueAt, endsAt)
    const token = awake ? awake.disputed?.() : isRejected ? session.bearer : undefined
    isDisputed = token !== undefined
    return token
  }

  /** The disputed bearer was rejected again: throws the error that says when to try again. */
  function take(epoch: number): string {
    if (!isDisputed) return taken()
    const awake = sessions.awake.supplyOf(key)
    if (!awake) throw new RefreshUnavailable(dueAt)
    return awake.take(epoch)
  }

  const backend = api.backendOf(found.record.via[0])
  const source: BearerSource = {
    // A login without a backend has no target for calls, and calls to the panel's own address are refused.
    baseUrl: backend?.baseUrl ?? settings.publicUrl.href,
    origin: backend ? new URL(backend.baseUrl).origin : '',
    origins: backend?.origins ?? [],
    fetch: settings.fetch,
    ...(send && { send }),
    position: () => position,
    fresh,
    authorization: (token) => `Bearer ${token}`,
    wait: acquire,
    take,
    replace,
    disputed,
    // A resting session has no 401 to compare this with.
    accepted: (used) => sessions.awake.supplyOf(key)?.accepted?.(used),
    rejectedAgain: () => settings.observe({ type: 'notVerified', session: nameOf(key), cause: 'refused' }),
    stepUpRequired: () => settings.observe({ type: 'stepUpRequired', ...position, session: nameOf(key) }),
  }
  return {
    fetch: createSessionFetch(source),
    getToken: async (options?: { readonly signal?: AbortSignal | null }) =>
      fresh() ?? (await acquire(options?.signal)),
    /** Like `getToken`, for a user who asks now: it ignores a backoff, but not a `Retry-After`. */
    hurriedToken: async () => fresh() ?? (await acquire(undefined, true)),
    /** Renews now. Concurrent callers share the renewal. */
    async refresh(): Promise<Found | Missing> {
      await sessions.awake.use(key, known, ({ session: live }) => live.refresh())
      const now = await sessions.look([key])
      if (isFound(now)) {
        known = now
        bearer = now.session.bearer
        position = { epoch: now.session.epoch, version: now.session.version }
        freshUntil = sessions.awake.supplyOf(key) ? 0 : (now.session.endsAt ?? Infinity) - lead
      }
      return now
    },
    position: () => position,
  }
}
