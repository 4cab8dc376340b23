import type { Position } from '../../machines/session.types.ts'
import { randomId } from '../base/randomId.ts'
import type { Coordinator } from '../coordination/coordinator.ts'
import { toTombstone } from '../session/records.ts'
import { revoke } from '../session/revoke.ts'
import type { RevokeRequest } from '../session/strategy.ts'
import type { SessionRecord } from '../stores/store.ts'
import { aboutOf } from './aboutOf.ts'
import type { About } from './audit.ts'
import type { AwakeSessions } from './awakeSessions.ts'
import { type Entries, nameOf } from './entries.ts'
import type { Found } from './foundSession.ts'
import type { ServerEndReason } from './notice.ts'
import type { ServerSettings } from './readServerOptions.ts'
import { baseUrlOf, type RunningLogins } from './runLogins.ts'
import type { SessionRequest } from './sessionRequest.ts'

const LOGOUT_WAIT_MS = 1_000
const BURIAL_PAUSE_MS = 3_000
const LONGEST_BURIAL_PAUSE_MS = 15_000

type Cause = RevokeRequest['cause']

interface Parts {
  readonly settings: ServerSettings
  readonly entries: Entries
  readonly logins: RunningLogins
  readonly coordinator: Coordinator
  readonly awake: AwakeSessions
  /** Called for every session that ends here. */
  readonly onEnd: (key: string) => void
  /** Keeps work that outlives its request. */
  readonly background: (task: Promise<unknown>) => void
}

/** Ends sessions: here, in every process, and at the backend. */
export function createSessionEnds(parts: Parts) {
  const { settings, entries, logins, coordinator, awake, onEnd, background } = parts
  const { clock } = settings
  /** Sessions that ended here and whose tombstone is not written yet, with their reason. */
  const unburied = new Map<string, ServerEndReason>()

  /**
   * Ends a session. First it writes the tombstone, so that no late refresh brings the session back. Then it deletes
   * what is remembered of the tokens. Then it revokes the grant, if the backend permits that. Resolves after at most a
   * second; the rest goes on. Returns whether the tombstone is written: if not, only this process knows for now, and
   * goes on trying. `cause`: why the grant is revoked; `null`: it is not revoked, because it belongs to no login of
   * this server. `request`: the request that caused the end.
   */
  async function end(
    found: Found,
    reason: ServerEndReason,
    cause: Cause | null = 'late',
    request?: SessionRequest,
  ): Promise<boolean> {
    const about = { ...aboutOf(found, request), isLogout: cause === 'logout' }
    const buried = await endHere(found, reason, about)
    if (cause === null) return !unburied.has(found.key)
    const revoking = revokeGrant(found.record.via[0], buried.session, buried.isDoubtful, cause)
    background(revoking)
    await Promise.race([revoking, pause(LOGOUT_WAIT_MS)])
    return !unburied.has(found.key)
  }

  /** Ends a session on this server. Its grant remains. */
  async function endHere(found: Found, reason: ServerEndReason, about: About, by?: string) {
    const { key, session } = found
    let last = session
    let isDoubtful = false
    const bury = () =>
      entries.update(key, (record) => {
        if ('ended' in record.session) return undefined
        last = record.session as SessionRecord
        const { intent, tags: _, ...rest } = record
        isDoubtful = intent !== undefined
        return { ...rest, session: toTombstone(record.session), reason }
      })
    try {
      await bury()
    } catch {
      unburied.set(key, reason)
      background(buryLater(key, session.startedAt + settings.absoluteLifetimeMs, bury))
    }
    coordinator.end(identityOf(last))
    awake.look(key)
    onEnd(key)
    settings.observe({ type: 'ended', session: nameOf(key), reason, ...(by !== undefined && { by }) }, about)
    return { session: last, isDoubtful }
  }

  /** Tries until it is written, or until nobody could use the session any more. */
  async function buryLater(key: string, overAt: number, bury: () => Promise<unknown>): Promise<void> {
    for (let tries = 0; clock.wall() < overAt; tries++) {
      await pause(Math.min(BURIAL_PAUSE_MS * 2 ** tries, LONGEST_BURIAL_PAUSE_MS))
      const isDone = await bury().then(
        () => true,
        () => false,
      )
      if (isDone) break
    }
    unburied.delete(key)
    awake.look(key)
  }

  async function revokeGrant(
    via: string,
    session: SessionRecord,
    isDoubtful: boolean,
    cause: Cause = 'late',
  ): Promise<void> {
    const login = logins.get(via)
    const strategy = login?.strategies[session.provider]
    if (!login || !strategy) return
    const toRequest = (signal: AbortSignal) => ({
      ...identityOf(session),
      ...(session.bearer && { bearer: session.bearer }),
      baseUrl: baseUrlOf(login),
      attemptId: randomId(),
      cause,
      ...(isDoubtful && { isDoubtful }),
      signal,
      ...(settings.wireFetch && { fetch: settings.wireFetch }),
    })
    if (!(await revoke(strategy, toRequest, clock, settings.attemptTimeoutMs)))
      settings.observe({
        type: 'warning',
        code: 'notRevoked',
        session: nameOf(session.sessionId ?? ''),
        ...positionOf(session),
      })
  }

  /**
   * Ends sessions of the login `via`. All of them end here before the first grant is revoked, because that may take
   * time. Returns the same as `end`. `by`: for whom.
   */
  async function endAll(
    via: string,
    found: readonly Found[],
    reason: ServerEndReason,
    by?: string,
  ): Promise<boolean> {
    const buried = await Promise.all(found.map((one) => endHere(one, reason, aboutOf(one), by)))
    const bound = await logins.identityOf(via)
    // A grant of another backend or provider is sent to nobody.
    const own = buried.filter((_, at) => found[at]?.record.via[1] === bound)
    const revoking = Promise.all(own.map(({ session, isDoubtful }) => revokeGrant(via, session, isDoubtful)))
    background(revoking)
    await Promise.race([revoking, pause(LOGOUT_WAIT_MS)])
    return found.every(({ key }) => !unburied.has(key))
  }

  const pause = (ms: number) => new Promise<void>((resolve) => void clock.setTimer(resolve, ms, 'background'))

  return {
    end,
    endAll,
    revokeGrant,
    /** Why a session has ended whose record does not say so yet. */
    unburiedReason: (key: string) => unburied.get(key),
  }
}

export type SessionEnds = ReturnType<typeof createSessionEnds>

const positionOf = ({ epoch, version }: Position) => ({ epoch, version })

function identityOf(session: SessionRecord) {
  const { provider, user, tenantId, sessionId, refreshToken } = session
  return {
    provider,
    userId: user.id,
    ...(tenantId && { tenantId }),
    ...(sessionId && { sessionId }),
    ...(refreshToken && { refreshToken }),
  }
}
