import { MAX_LIFETIME_MS } from '../base/durations.ts'
import { Misconfigured } from '../base/errors.ts'
import { randomId } from '../base/randomId.ts'
import { lifeOf } from '../session/lifetime.ts'
import { readLogin } from '../session/login.ts'
import { toRecord } from '../session/records.ts'
import type { RevokeRequest } from '../session/strategy.ts'
import type { SessionRecord } from '../stores/store.ts'
import { aboutOf } from './aboutOf.ts'
import { type Entries, nameOf } from './entries.ts'
import { type Found, isFound, type Missing } from './foundSession.ts'
import type { ProviderEnds } from './providerEnds.ts'
import type { ServerSettings } from './readServerOptions.ts'
import type { RunningLogins } from './runLogins.ts'
import type { LoginGrant } from './serverLogin.ts'
import type { ServerRecord } from './serverRecord.ts'
import type { SessionCookie } from './sessionCookie.ts'
import type { SessionEnds } from './sessionEnds.ts'
import type { SessionRequest } from './sessionRequest.ts'
import type { SessionTagMaker } from './sessionTags.ts'

interface Parts {
  readonly settings: ServerSettings
  readonly tags: SessionTagMaker
  /** Whether the provider has ended the grant meanwhile. */
  readonly isOver: ProviderEnds['isOver']
  readonly entries: Entries
  readonly sessionCookie: SessionCookie
  readonly logins: RunningLogins
  readonly ends: SessionEnds
  /** The living sessions of a user, the newest first. */
  readonly ofUser: (via: string, userId: string) => Promise<readonly Found[]>
  readonly find: (request: SessionRequest) => Promise<Found | Missing>
  /** Keeps work that outlives its request. */
  readonly background: (task: Promise<unknown>) => void
}

/** 132 bits: the name opens nothing, and a server keeps many. */
const LOGIN_LENGTH = 22
/** The data that a login may keep with a session, as JSON. */
const MAX_DATA = 4_096

const nthOf = ({ record }: Found) => record.nth ?? 0

/** Makes a session of a grant, or revokes the grant. */
export function createSessionOpening(parts: Parts) {
  const { settings, entries, sessionCookie, logins, ends, tags, isOver, ofUser, find, background } = parts
  const { clock, maxSessionsPerUser } = settings

  /** A session for a grant, under a new id, not written yet. */
  async function begin(
    via: string,
    grant: LoginGrant,
    askedAt = clock.wall(),
  ): Promise<{ readonly record: ServerRecord; readonly id: string }> {
    const { answer, strategy: provider, tenantId, data } = grant
    const { key, id } = await sessionCookie.create()
    const now = clock.wall()
    const options = { provider, sessionId: key, tenantId: tenantId ?? null }
    const strategies = logins.get(via)?.strategies ?? {}
    const { owner, tokens, bearer, life } = readLogin(answer, options, strategies, now, settings.users)
    const limits = {
      expiresAtUnit: 'auto',
      lifetimeMs: settings.lifetimeMs,
      maxLifetimeMs: MAX_LIFETIME_MS,
    } as const
    const lifeMs = lifeOf(bearer, life, now, false, limits, () => {})
    // The time of a login tells the logins of one browser apart, and orders them.
    const session = toRecord({ epoch: now, version: 1 }, owner, tokens, lifeMs, now)
    if (JSON.stringify(data ?? null).length > MAX_DATA)
      throw new Misconfigured(`The login "${via}" stores more than ${MAX_DATA} characters with a session.`)
    const record: ServerRecord = {
      v: 1,
      key,
      login: randomId().slice(0, LOGIN_LENGTH),
      via: [via, (await logins.identityOf(via)) ?? ''],
      session,
      activeAt: now,
      verifiedAt: now,
      ...(!settings.sealedCookies && { tags: await tags.of(via, owner.user.id, grant, askedAt) }),
      ...(data !== undefined && { data }),
    }
    return { record: entries.fitted(record), id }
  }

  /**
   * A login: a new session under a new id replaces the previous one of the browser of `request`. `cookies` are the
   * `Set-Cookie` lines of the session at the time of the call. `undefined`: the provider has ended it already, and
   * nothing else has changed. `askedAt`: when the login arrived, before anybody was asked.
   */
  async function replace(
    request: SessionRequest,
    via: string,
    grant: LoginGrant,
    askedAt = clock.wall(),
  ): Promise<{ readonly found: Found; cookies(): Promise<readonly string[]> } | undefined> {
    const { found, id } = await write(via, grant, askedAt).catch((error) => {
      refuse(via, grant)
      throw error
    })
    try {
      return await settle(request, grant, { found, id, askedAt })
    } catch (error) {
      // No browser has its cookie, so it is nobody's.
      await ends.end(found, 'revoked')
      throw error
    }
  }

  async function write(
    via: string,
    grant: LoginGrant,
    askedAt: number,
  ): Promise<{ readonly found: Found; readonly id: string }> {
    const begun = await begin(via, grant, askedAt)
    const record = await counted(begun.record)
    const { key } = record
    const revision = await entries.write(record, null)
    if (revision === null) throw new Error('A new session id was taken already.')
    return { found: { key, record, revision, session: record.session as SessionRecord }, id: begun.id }
  }

  /** The effects of a new session on others, and the cookies for its browser. */
  async function settle(
    request: SessionRequest,
    grant: LoginGrant,
    { found, id, askedAt }: { readonly found: Found; readonly id: string; readonly askedAt: number },
  ) {
    const { key, record } = found
    const [via] = record.via
    if (record.tags && logins.get(via)?.backChannel && (await isOver(record.tags, askedAt))) {
      await ends.end(found, 'backChannel')
      return undefined
    }
    settings.observe({ type: 'login', session: nameOf(key), via, provider: grant.strategy })
    // A session that does not fit into cookies is none.
    const first = await sessionCookie.issue(record, id)
    const previous = await find(request)
    const isSame = isFound(previous) && isSameUser(previous, found)
    const act = isSame ? 'stepUp' : isFound(previous) ? 'switchUser' : 'login'
    void settings.audit.tell({ type: act, session: nameOf(key) }, aboutOf(found, request))
    if (isFound(previous)) await ends.end(previous, 'user', isSame ? 'replaced' : 'late', request)
    // The user is logged in, whether the older sessions could be counted or not.
    await limit(found).catch(() => {})
    const planted = !isFound(previous) && previous.isAmbiguous ? sessionCookie.clearForeign(request) : []
    const newest = async () => {
      const now = settings.sealedCookies
        ? (await entries.read(key).catch(() => undefined))?.record
        : undefined
      return now && !('ended' in now.session) ? sessionCookie.issue(now, id) : first
    }
    return { found, cookies: async () => [...planted, ...(await newest())] }
  }

  /** The record with its number among the sessions of its user. */
  async function counted(record: ServerRecord): Promise<ServerRecord> {
    if (maxSessionsPerUser === Infinity) return record
    const { user } = record.session as SessionRecord
    const before = await ofUser(record.via[0], user.id).catch(() => [])
    return { ...record, nth: 1 + Math.max(0, ...before.map(nthOf)) }
  }

  /**
   * The newest sessions of a user stay, and in any case the one that just began. All processes order them alike, so two
   * concurrent logins do not end each other.
   */
  async function limit({ key, record, session }: Found): Promise<void> {
    if (maxSessionsPerUser === Infinity) return
    const [via] = record.via
    const all = [...(await ofUser(via, session.user.id))].sort((a, b) => nthOf(b) - nthOf(a))
    const over = all.slice(maxSessionsPerUser).filter((one) => one.key !== key)
    await ends.endAll(via, over, 'sessionLimit')
  }

  /** Revokes a grant without a session, if the backend permits that. */
  function refuse(via: string, grant: LoginGrant, cause?: RevokeRequest['cause']): void {
    // The data of the login may be the reason why there is no session.
    const { data: _, ...rest } = grant
    const revoking = begin(via, rest).then(({ record }) =>
      ends.revokeGrant(via, record.session as SessionRecord, false, cause),
    )
    background(revoking.catch(() => {}))
  }

  return { replace, refuse }
}

/** Whether two sessions are of one user of one login. */
const isSameUser = (a: Found, b: Found) =>
  a.record.via[0] === b.record.via[0] && a.session.user.id === b.session.user.id
