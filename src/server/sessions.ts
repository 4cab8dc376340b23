import type { ExpiredReason, LoggedOutReason, Position } from '../../machines/session.types.ts'
import type { Coordinator } from '../coordination/coordinator.ts'
import { lifeOf } from '../session/lifetime.ts'
import { type LoginAnswer, readLogin } from '../session/login.ts'
import { toRecord, toTombstone } from '../session/records.ts'
import { revoke } from '../session/revoke.ts'
import type { SessionRecord } from '../stores/store.ts'
import type { SessionStrategy } from '../strategies/strategy.ts'
import type { Carrier } from './carrier.ts'
import { type Entries, nameOf, type Opened } from './entries.ts'
import { withIntents } from './intents.ts'
import type { Keyring } from './keyring.ts'
import { createLives } from './live.ts'
import type { ServerSettings } from './options.ts'
import { randomId } from './randomId.ts'
import type { ServerRecord } from './serverRecord.ts'

/** A session that is alive, as its record says. */
export interface Found extends Opened {
  readonly key: string
  readonly session: SessionRecord
}

/** There is none, and perhaps why. */
export interface Missing {
  readonly reason?: ExpiredReason | LoggedOutReason
}

/** How far behind the last sign of the user may be; so that not every request writes. */
const ACTIVITY_STEP_MS = 30_000
const LOGOUT_WAIT_MS = 1_000
const BURIAL_PAUSE_MS = 3_000
const LONGEST_BURIAL_PAUSE_MS = 15_000

export interface SessionsParts {
  readonly settings: ServerSettings
  readonly keyring: Keyring
  readonly entries: Entries
  readonly carrier: Carrier
  readonly strategies: Readonly<Record<string, SessionStrategy>>
  /** Work that outlives its request. */
  readonly background: (task: Promise<unknown>) => void
}

/** The sessions of a server: found by what the cookie holds, opened at login, ended at logout. */
export function createSessions(parts: SessionsParts) {
  const { settings, keyring, entries, carrier, strategies, background } = parts
  const { clock } = settings
  const coordinator: Coordinator = withIntents(settings.coordinator, entries, settings)
  const lives = createLives(settings, entries, strategies, coordinator)
  /** Sessions that ended here and whose tombstone could not be written yet, and why they ended. */
  const unburied = new Map<string, ExpiredReason | LoggedOutReason>()

  async function find(request: Request): Promise<Found | Missing> {
    for (const key of await carrier.keysOf(request)) {
      const opened = await entries.read(key)
      if (!opened) continue
      const ended = unburied.get(key)
      if (ended) return { reason: ended }
      const { record, revision } = opened
      const { session, intent, reason } = record
      if ('ended' in session) return reason ? { reason } : {}
      if (intent?.outcome === 'rejected') return { reason: intent.reason ?? 'refreshRejected' }
      const now = clock.wall()
      const found: Found = { key, record, revision, session }
      const over =
        now >= session.startedAt + settings.absoluteLifetimeMs
          ? 'absoluteLifetime'
          : now >= record.activeAt + settings.idleTimeoutMs
            ? 'idle'
            : undefined
      if (!over) return found
      await end(found, over)
      return { reason: over }
    }
    return {}
  }

  /** A login: a new session under a new id, whatever the browser had before. */
  async function open(
    answer: LoginAnswer,
    login: { readonly provider: string; readonly tenantId?: string | undefined; readonly subject?: string },
  ): Promise<{ readonly found: Found; readonly cookies: readonly string[] }> {
    const { key, id } = await carrier.create()
    const now = clock.wall()
    const options = { provider: login.provider, sessionId: key, tenantId: login.tenantId ?? null }
    const { owner, tokens, bearer, expiresAt } = readLogin(answer, options, strategies, now)
    const limits = {
      expiresAtUnit: 'auto',
      lifetimeMs: settings.lifetimeMs,
      maxLifetimeMs: 86_400_000,
    } as const
    const lifeMs = lifeOf(bearer, { expiresAt }, now, false, limits, () => {})
    // Logins of one browser are told apart, and ordered, by their instant.
    const session = toRecord({ epoch: now, version: 1 }, owner, tokens, lifeMs, now)
    const subject = login.subject && (await keyring.macs('subject', login.subject))[0]
    const record: ServerRecord = {
      v: 1,
      key,
      session,
      activeAt: now,
      verifiedAt: now,
      ...(subject && { subject }),
    }
    const revision = await entries.write(record, null)
    if (revision === null) throw new Error('A new session id was taken already.')
    settings.observe({ type: 'login', session: nameOf(key), provider: login.provider })
    return { found: { key, record, revision, session }, cookies: await carrier.give(record, id) }
  }

  /**
   * Ends a session: its tombstone first, so that no late refresh brings it back; then what is remembered of its
   * tokens; then the grant, as far as the backend lets us. Resolves after at most a second, the rest goes on.
   * Answers whether the tombstone is written: if not, this process alone knows for now, and goes on trying.
   */
  async function end({ key, session }: Found, reason: ExpiredReason | LoggedOutReason): Promise<boolean> {
    let last = session
    let isDoubtful = false
    const bury = () =>
      entries.update(key, (record) => {
        if ('ended' in record.session) return undefined
        last = record.session as SessionRecord
        const { intent, ...rest } = record
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
    lives.look(key)
    settings.observe({ type: 'ended', session: nameOf(key), reason })
    const revoking = revokeGrant(last, isDoubtful)
    background(revoking)
    await Promise.race([revoking, pause(LOGOUT_WAIT_MS)])
    return !unburied.has(key)
  }

  /** Until it is written, or nobody could use the session any more. */
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
    lives.look(key)
  }

  async function revokeGrant(session: SessionRecord, isDoubtful: boolean): Promise<void> {
    const strategy = strategies[session.provider]
    if (!strategy) return
    const toRequest = (signal: AbortSignal) => ({
      ...identityOf(session),
      ...(session.bearer && { bearer: session.bearer }),
      baseUrl: settings.baseUrl,
      attemptId: randomId(),
      cause: 'logout' as const,
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

  /** Everybody's session of one subject, at the word of the identity provider. Answers as `end` does. */
  async function endSubject(subject: string): Promise<boolean> {
    let areWritten = true
    for (const mac of await keyring.macs('subject', subject))
      for (const key of await settings.store.keysOf(mac)) {
        const opened = await entries.read(key)
        if (!opened || 'ended' in opened.record.session) continue
        const isWritten = await end({ key, ...opened, session: opened.record.session }, 'backChannel')
        areWritten &&= isWritten
      }
    return areWritten
  }

  /** Notes a user at work, and what else is worth a write. Never costs the request that brought it. */
  async function note(
    { key, record }: Found,
    change: { readonly activeAt?: number; readonly verifiedAt?: number },
  ): Promise<void> {
    const { activeAt = 0, verifiedAt = 0 } = change
    if (activeAt < record.activeAt + ACTIVITY_STEP_MS && verifiedAt <= record.verifiedAt) return
    const later = (now: ServerRecord): ServerRecord | undefined =>
      'ended' in now.session
        ? undefined
        : {
            ...now,
            activeAt: Math.max(now.activeAt, activeAt),
            verifiedAt: Math.max(now.verifiedAt, verifiedAt),
          }
    await entries.update(key, later).catch(() => {})
  }

  const pause = (ms: number) => new Promise<void>((resolve) => void clock.setTimer(resolve, ms, 'background'))

  return { find, open, end, endSubject, note, lives, carrier }
}

export type Sessions = ReturnType<typeof createSessions>

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

export const isFound = (found: Found | Missing): found is Found => 'record' in found
