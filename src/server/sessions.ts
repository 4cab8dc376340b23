import type { Coordinator } from '../coordination/coordinator.ts'
import { createAwakeSessions, type OnChart } from './awakeSessions.ts'
import type { Entries } from './entries.ts'
import { type Found, isFound } from './foundSession.ts'
import { withIntents } from './intents.ts'
import type { Keyring } from './keyring.ts'
import { createOpenStreams } from './openStreams.ts'
import { createProviderEnds } from './providerEnds.ts'
import type { ServerSettings } from './readServerOptions.ts'
import type { RunningLogins } from './runLogins.ts'
import type { ServerRecord } from './serverRecord.ts'
import type { SessionCookie } from './sessionCookie.ts'
import { createSessionEnds } from './sessionEnds.ts'
import { createSessionOpening } from './sessionOpening.ts'
import { createSessionSearch } from './sessionSearch.ts'
import { createSessionTags } from './sessionTags.ts'
import { watchRefreshes } from './watchSends.ts'

/** How old the noted user activity may be, so that not every request writes. */
const ACTIVITY_STEP_MS = 30_000

export interface SessionsParts {
  readonly settings: ServerSettings
  readonly keyring: Keyring
  readonly entries: Entries
  readonly sessionCookie: SessionCookie
  readonly logins: RunningLogins
  /** Keeps work that outlives its request. */
  readonly background: (task: Promise<unknown>) => void
  /** Follows the charts: a checker does. */
  readonly onChart?: OnChart
}

/** The sessions of a server: finds them by their cookie, opens them at login, ends them at logout. */
export function createSessions(parts: SessionsParts) {
  const { settings, entries, sessionCookie, logins } = parts
  const { clock, store } = settings
  const onNews = (key: string) => awake.look(key)
  const coordinator: Coordinator = watchRefreshes(
    withIntents(settings.coordinator, entries, settings, onNews),
    settings.telemetry,
  )
  const awake = createAwakeSessions(settings, entries, logins, coordinator, parts.onChart)
  const streams = createOpenStreams({ clock, isLiving, store })
  const ends = createSessionEnds({ ...parts, coordinator, awake, onEnd: streams.end })
  const { find, findFor, look } = createSessionSearch({ ...parts, ends })
  const tags = createSessionTags(parts.keyring, settings.publicUrl.href, logins)
  const { end: endAtProvider, isOver } = createProviderEnds({ ...parts, ends, tags, tagged })
  const { replace, refuse } = createSessionOpening({ ...parts, ends, find, tags, isOver, ofUser })

  /** The living sessions of the login `via` that have one of these tags. */
  async function tagged(via: string, macs: readonly string[]): Promise<readonly Found[]> {
    const keys = await Promise.all(macs.map((mac) => settings.store.keysOf(mac)))
    const found = await Promise.all([...new Set(keys.flat())].map((key) => look([key], via)))
    return found.filter(isFound)
  }

  /** The living sessions of a user, the newest first. */
  async function ofUser(via: string, userId: string): Promise<readonly Found[]> {
    const found = await tagged(via, await tags.macs('user', via, userId))
    const isOlder = (a: Found, b: Found) =>
      b.session.startedAt - a.session.startedAt || (a.key < b.key ? -1 : 1)
    return [...found].sort(isOlder)
  }

  async function isLiving(key: string): Promise<boolean> {
    const found = await look([key])
    // With sessions in cookies, this process may know nothing of it any more.
    const isForgotten = !isFound(found) && found.login === undefined
    return isFound(found) || (settings.sealedCookies && isForgotten)
  }

  /** Notes user activity, and other facts that are worth a write. A failure never affects the request. */
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

  const { end, endAll } = ends
  return {
    find,
    findFor,
    look,
    ofUser,
    replace,
    refuse,
    end,
    endAll,
    endAtProvider,
    note,
    awake,
    sessionCookie,
    streams,
  }
}

export type Sessions = ReturnType<typeof createSessions>
