import { aboutOf } from './aboutOf.ts'
import { admits } from './admits.ts'
import { type Entries, nameOf, OthersRecord } from './entries.ts'
import { type Found, isFound, type Missing } from './foundSession.ts'
import { isFor } from './namedLogin.ts'
import type { ServerSettings } from './readServerOptions.ts'
import type { RunningLogins } from './runLogins.ts'
import type { SessionCookie } from './sessionCookie.ts'
import type { SessionEnds } from './sessionEnds.ts'
import type { SessionRequest } from './sessionRequest.ts'

interface Parts {
  readonly settings: ServerSettings
  readonly entries: Entries
  readonly sessionCookie: SessionCookie
  readonly ends: SessionEnds
  readonly logins: RunningLogins
}

/** Finds the session of a request. */
export function createSessionSearch({ settings, entries, sessionCookie, ends, logins }: Parts) {
  const { clock } = settings

  /**
   * The session of a request. It tries each cookie of our name; an invalid one costs nobody a session. If several lead
   * to living sessions, a sibling domain may have planted one, and none counts.
   */
  async function find(request: SessionRequest, reading = entries.read): Promise<Found | Missing> {
    let found: Found | undefined
    let missing: Missing = {}
    const candidates = await sessionCookie.candidatesOf(request).catch(unlessOthers)
    if (candidates === null) return { isOthers: true }
    for (const keys of candidates) {
      const one = await look(keys, undefined, reading)
      if (!isFound(one))
        missing = missing.reason || missing.isUnknownLogin || missing.isOthers ? missing : one
      else if (found) {
        settings.observe({ type: 'turnedAway', code: 'cookieDuplicate' }, { request })
        return { isAmbiguous: true }
      } else found = one
    }
    return found ?? missing
  }

  /**
   * The session of a request, if its page shows this login. A request of a page of A is never done for B, who logged in
   * later in another window. `mayBeStale`: the request only reads, so the option `staleIfErrorMs` applies.
   */
  async function findFor(request: SessionRequest, mayBeStale = false): Promise<Found | Missing> {
    const found = await find(request, mayBeStale ? entries.readOrRecent : entries.read)
    if (!isFound(found) || isFor(request, found.record.login)) return found
    const about = aboutOf(found, request)
    settings.observe({ type: 'turnedAway', code: 'otherLogin', session: nameOf(found.key) }, about)
    return { isOther: true }
  }

  /**
   * The session under one of `keys`; it ends now if its time is over. `of`: its required login. A session of another
   * login is not found, and a session of another backend stays unchanged, because nobody sent its cookie.
   */
  async function look(
    keys: readonly string[],
    of?: string,
    reading = entries.read,
  ): Promise<Found | Missing> {
    for (const key of keys) {
      const opened = await reading(key).catch(unlessOthers)
      if (opened === null) return { isOthers: true }
      if (!opened) continue
      const { record } = opened
      const { session, intent, reason, login } = record
      const ended = ends.unburiedReason(key)
      if (ended) return { reason: ended, login }
      if ('ended' in session) return reason ? { reason, login } : { login }
      if (intent?.closed && intent.closed !== 'consumed') return { reason: intent.closed, login }
      const [via, identity] = record.via
      const bound = await logins.identityOf(via)
      if (of !== undefined && via !== of) continue
      if (bound === undefined && !settings.retiredLogins.has(via)) return { isUnknownLogin: true }
      const now = clock.wall()
      const found: Found = { ...opened, key, session }
      // A grant of another backend or provider is sent to nobody.
      if (bound !== identity) {
        if (of !== undefined) return found
        await ends.end(found, 'identityMismatch', null)
        return { reason: 'identityMismatch', login }
      }
      const over =
        now >= session.startedAt + settings.absoluteLifetimeMs
          ? 'absoluteLifetime'
          : now >= record.activeAt + settings.idleTimeoutMs
            ? 'idle'
            : undefined
      // Cookies hold only a part of a user, so with them only the login decides.
      if (!over && !settings.sealedCookies && !admits(settings, via, session.user)) {
        await ends.end(found, 'accessRevoked')
        return { reason: 'accessRevoked', login }
      }
      if (!over) return found
      await ends.end(found, over)
      return { reason: over, login }
    }
    return {}
  }

  return { find, findFor, look }
}

function unlessOthers(error: unknown): null {
  if (error instanceof OthersRecord) return null
  throw error
}
