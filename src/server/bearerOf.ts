import type { Position } from '../../machines/session.types.ts'
import { LoggedOut, RefreshUnavailable } from '../base/errors.ts'
import { orAborted } from '../base/orAborted.ts'
import { type BearerSource, createSessionFetch } from '../session/sessionFetch.ts'
import type { SessionRecord } from '../stores/store.ts'
import type { ServerContext } from './context.ts'
import { nameOf } from './entries.ts'
import { type Found, isFound, type Missing } from './foundSession.ts'

/**
 * Until when a session's record says that no attempt is to be made; a mistake in the configuration is told by the session.
 * So is a backoff that was written by a clock which has been set back since: read here it would move on with every look.
 */
function dueOf({ backoff }: SessionRecord, wall: number): number {
  if (!backoff || backoff.misconfigured || backoff.triedAt > wall) return 0
  return Math.max(backoff.retryAt, backoff.heldUntil)
}

/**
 * The bearer of one session as one request sees it: from the record while that is fresh and the session rests,
 * else from the session, awake for as long as it takes. `canRefresh` false: from the record alone. `send`
 * sends the calls that carry it; absent: the option `fetch`.
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
  /** As the record was read last. */
  let known = found
  // A session that is awake knows more than its record: that its bearer was refused, or that a refresh is in doubt.
  let freshUntil = bearer === undefined || sessions.awake.sourceOf(key) ? 0 : endsAt - lead
  /** When a session at rest, whose last attempts did not succeed, makes the next one. */
  const dueAt = sessions.awake.sourceOf(key) ? 0 : dueOf(session, clock.wall())
  if (freshUntil > 0 && dueAt > freshUntil) freshUntil = Math.min(dueAt, endsAt)

  const fresh = () => (bearer !== undefined && clock.wall() < freshUntil ? bearer : undefined)

  function taken(): string {
    if (bearer === undefined) throw new LoggedOut('elsewhere')
    return bearer
  }

  async function acquire(signal: AbortSignal | null | undefined, isHurried = false): Promise<string> {
    if (!canRefresh || found.isStale) {
      if (bearer !== undefined && clock.wall() < endsAt) return bearer
      throw found.isStale ? new RefreshUnavailable(undefined) : new LoggedOut('elsewhere')
    }
    // Nobody waits for so long, and until then nothing is to be done.
    if (!isHurried && dueAt > clock.wall() + settings.patienceMs && !sessions.awake.sourceOf(key))
      throw new RefreshUnavailable(dueAt)
    const task = sessions.awake.use(key, known, async ({ session: live, source }) => {
      if (isHurried && live.getSnapshot().state === 'retrying')
        await live.refresh({ by: 'user' }).catch(() => {})
      bearer = await live.getToken()
      position = source.position()
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
    // The session goes on refreshing when the caller has left.
    const task = sessions.awake.use(key, known, async ({ source }) => {
      const newer = await source.replace(used, rejected, undefined)
      // Without a newer one: the error that says why, unless the session holds the rejected one for good.
      if (newer === undefined) source.take(used.epoch)
      else {
        bearer = newer
        position = source.position()
      }
      return newer
    })
    return orAborted(task, signal)
  }

  /** What one route has refused, and nothing can renew now, goes to the other routes all the same (U34). */
  function disputed(): string | undefined {
    const token = canRefresh ? sessions.awake.sourceOf(key)?.disputed?.() : undefined
    isDisputed = token !== undefined
    return token
  }

  /** Of a disputed bearer that was refused again: the error that says when to come back. */
  function take(epoch: number): string {
    return (isDisputed && sessions.awake.sourceOf(key)?.take(epoch)) || taken()
  }

  const backend = api.backendOf(found.record.via[0])
  const source: BearerSource = {
    // Without a backend there is nowhere to go, and the address of the panel is refused.
    baseUrl: backend?.baseUrl ?? settings.publicUrl.href,
    origin: backend ? new URL(backend.baseUrl).origin : '',
    origins: backend?.origins ?? new Set(),
    fetch: settings.fetch,
    ...(send && { send }),
    position: () => position,
    fresh,
    authorization: (token) => `Bearer ${token}`,
    wait: acquire,
    take,
    replace,
    disputed,
    // A session at rest has no 401 to weigh this against.
    accepted: (used) => sessions.awake.sourceOf(key)?.accepted?.(used),
    rejectedAgain: () => settings.observe({ type: 'notVerified', session: nameOf(key), cause: 'refused' }),
    stepUpRequired: () => settings.observe({ type: 'stepUpRequired', ...position, session: nameOf(key) }),
  }
  return {
    fetch: createSessionFetch(source),
    getToken: async (options?: { readonly signal?: AbortSignal | null }) =>
      fresh() ?? (await acquire(options?.signal)),
    /** As `getToken`, for a user who asks now: no backoff holds, a `Retry-After` does. */
    hurriedToken: async () => fresh() ?? (await acquire(undefined, true)),
    /** Renews now, together with everybody else who wants that. */
    async refresh(): Promise<Found | Missing> {
      await sessions.awake.use(key, known, ({ session: live }) => live.refresh())
      const now = await sessions.look([key])
      if (isFound(now)) {
        known = now
        bearer = now.session.bearer
        position = { epoch: now.session.epoch, version: now.session.version }
        freshUntil = sessions.awake.sourceOf(key) ? 0 : (now.session.endsAt ?? Infinity) - lead
      }
      return now
    },
    position: () => position,
  }
}
